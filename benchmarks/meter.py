"""CPU and memory of a system's processes, read from outside."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass

import psutil


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """CPU seconds since the process began; bytes resident, files and sockets open, threads, now."""

    cpu_seconds: float
    memory_bytes: int
    files: int
    threads: int


def usage_of(pids: Mapping[str, int]) -> dict[str, Usage]:
    """By name, of every process that still lives."""
    found = {}
    for name, pid in pids.items():
        try:
            found[name] = _usage(psutil.Process(pid))
        except psutil.Error:
            continue
    return found


def _usage(process: psutil.Process) -> Usage:
    with process.oneshot():
        times = process.cpu_times()
        return Usage(
            cpu_seconds=times.user + times.system,
            memory_bytes=process.memory_info().rss,
            files=_files(process),
            threads=process.num_threads(),
        )


def _files(process: psutil.Process) -> int:
    """File descriptors, of which a socket is one; on Windows, handles."""
    if sys.platform == "win32":
        return process.num_handles()
    return process.num_fds()
