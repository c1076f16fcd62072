"""The child processes of one DATA_DIR: spawned, recorded, found again, ended."""

import asyncio
import contextlib
import hashlib
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path

import psutil

from config.queues import TaskQueue

log = logging.getLogger(__name__)

# Every child carries its mark in its environment, so that it is found even if its owner was killed between
# starting it and writing its pid file.
MARK = "SUPERVISED_AS"

# The system tells a process's birth from the wall clock, which may have been corrected since.
CLOCK_TOLERANCE = timedelta(seconds=2)

# How often a process that was asked to end is looked at, and how long one that was killed may take.
LOOK_EVERY = timedelta(seconds=0.05)
KILL_TAKES = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSpec:
    """One child: the command that starts it, and how long it may take to end when asked.

    The command is run as it is, without a shell, and is to hold no secret. `defaults` are variables it is
    given where our own environment does not set them. `edition` stands for whatever else it depends on: a
    running process of another edition is not adopted but replaced. `queue` is what a worker polls once it
    works.
    """

    name: str
    command: tuple[str, ...]
    defaults: tuple[tuple[str, str], ...] = ()
    queue: TaskQueue | None = None
    grace: timedelta = timedelta(seconds=15)
    edition: str = ""

    @property
    def fingerprint(self) -> str:
        """Equal for specs whose processes may stand in for each other."""
        said = json.dumps([self.command, self.defaults, self.edition])
        return hashlib.sha256(said.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A living process, and the fingerprint of the spec it was started by."""

    process: psutil.Process
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    """What a pid file says: enough to know the process from another that was given its pid."""

    pid: int
    created: float
    fingerprint: str
    command: list[str]


class _Outliving(subprocess.Popen[bytes]):
    """A child that is meant to outlive the object that started it; psutil reaps it."""

    def __del__(self) -> None:
        """Let go without the warning that it still runs."""


class ProcessTable:
    """What runs, or ran, on behalf of `data_dir`; pid files in `run/`, logs in `logs/`."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir.resolve()
        # As it is now: what is started again later is to get the same.
        self._environment = dict(os.environ)

    def log_file(self, name: str) -> Path:
        return self._data_dir / "logs" / f"{name}.log"

    def spawn(self, spec: ProcessSpec) -> psutil.Process:
        """Start a process of `spec` in a session of its own, its output appended to its log.

        Raises OSError if it cannot be started.
        """
        log_file = self.log_file(spec.name)
        log_file.parent.mkdir(parents=True, exist_ok=True)
        with log_file.open("ab") as output:
            popen = _Outliving(
                spec.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={
                    **dict(spec.defaults),
                    **self._environment,
                    MARK: self._mark(spec.name) + spec.fingerprint,
                },
                start_new_session=True,
                creationflags=_NEW_GROUP,
            )
        try:
            process = psutil.Process(popen.pid)
        except psutil.NoSuchProcess:
            raise ChildProcessError(f"{spec.name} ended as soon as it was started") from None
        self._record(spec.name, Found(process=process, fingerprint=spec.fingerprint), spec.command)
        return process

    def find(self, name: str) -> Found | None:
        """Return the living process that the pid file of `name` speaks of."""
        with contextlib.suppress(OSError, ValueError, TypeError, psutil.Error):
            record = _Record(**json.loads(self._pid_file(name).read_text(encoding="utf-8")))
            process = psutil.Process(record.pid)
            if _is_the_one(process, record):
                return Found(process=process, fingerprint=record.fingerprint)
        return None

    def search(self, name: str) -> Found | None:
        """Like find, but without a pid file of use, look through all processes for the mark of `name`."""
        found = self.find(name)
        if not found and (found := next(self._marked(name), None)):
            with contextlib.suppress(psutil.Error):
                self._record(name, found, found.process.cmdline())
        return found

    def forget(self, name: str) -> None:
        """Leave no pid file of `name`."""
        self._pid_file(name).unlink(missing_ok=True)

    def _marked(self, name: str) -> Iterator[Found]:
        mark = self._mark(name)
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                found = process.environ().get(MARK, "")
                if found.startswith(mark) and not has_ended(process):
                    yield Found(process=process, fingerprint=found.removeprefix(mark))

    def _record(self, name: str, found: Found, command: Sequence[str]) -> None:
        """Write the pid file, or do without: the process is running, and is found by its mark as well."""
        record = _Record(
            pid=found.process.pid,
            created=found.process.create_time(),
            fingerprint=found.fingerprint,
            command=list(command),
        )
        pid_file = self._pid_file(name)
        unfinished = pid_file.with_suffix(".new")
        try:
            pid_file.parent.mkdir(parents=True, exist_ok=True)
            unfinished.write_text(json.dumps(asdict(record)), encoding="utf-8")
            unfinished.replace(pid_file)
        except OSError:
            log.warning("child.not_recorded", extra={"component": name, "pid": record.pid}, exc_info=True)

    def _pid_file(self, name: str) -> Path:
        return self._data_dir / "run" / f"{name}.json"

    def _mark(self, name: str) -> str:
        return f"{self._data_dir}|{name}|"


def has_ended(process: psutil.Process) -> bool:
    """Whether `process` is gone, its ports and files let go of; a child of ours that has ended is reaped."""
    if not _is_reaped(process) and process.is_running():
        if not _is_zombie(process):
            return False
        _is_reaped(process)  # it may have ended since it was asked
    return True


def exit_code(process: psutil.Process) -> int | None:
    """How a process ended: its exit code, or minus the signal; None if only its parent knows."""
    with contextlib.suppress(psutil.Error):
        code = process.wait(timeout=0)
        return None if code is None else int(code)
    return None


def pids_of(process: psutil.Process) -> frozenset[int]:
    """The pids that speak for `process`: a virtual environment's python on Windows is two processes."""
    if sys.platform == "win32":
        with contextlib.suppress(psutil.Error):
            return frozenset({process.pid, *(child.pid for child in process.children(recursive=True))})
    return frozenset({process.pid})


async def end(process: psutil.Process, grace: timedelta) -> bool:
    """Ask `process` to end and kill it after `grace`; False if it had to be killed."""
    if await _ends_within(process, grace if _was_asked_to_end(process) else LOOK_EVERY):
        return True
    await kill(process)
    return False


def _was_asked_to_end(process: psutil.Process) -> bool:
    """Ask it; False if that cannot be done, as of a process of another console on Windows: older Pythons then
    end it at once, and raise SystemError.
    """
    try:
        _ask_to_end(process)
    except (psutil.Error, OSError, SystemError):
        return False
    return True


async def kill(process: psutil.Process) -> None:
    """End `process` and its children at once."""
    with contextlib.suppress(psutil.Error):
        for each in [*process.children(recursive=True), process]:
            with contextlib.suppress(psutil.Error):
                each.kill()
    await _ends_within(process, KILL_TAKES)


async def _ends_within(process: psutil.Process, limit: timedelta) -> bool:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(limit.total_seconds()):
            while not has_ended(process):  # noqa: ASYNC110 - nothing announces a stranger's end
                await asyncio.sleep(LOOK_EVERY.total_seconds())
    return has_ended(process)


def _is_the_one(process: psutil.Process, record: _Record) -> bool:
    if abs(process.create_time() - record.created) >= CLOCK_TOLERANCE.total_seconds() or has_ended(process):
        return False
    # The program itself is left out: macOS and Windows start interpreters by way of another one. A process
    # that is just becoming its own program has no command for an instant.
    command = process.cmdline()
    return not command or command[1:] == record.command[1:]


def _is_reaped(process: psutil.Process) -> bool:
    """Reap it if it is a child of ours that has ended; true also of a process that nobody knows any more."""
    try:
        process.wait(timeout=0)
    except psutil.TimeoutExpired:
        return False
    return True


def _is_zombie(process: psutil.Process) -> bool:
    # The first thread of a killed process may be gone while others still hold its files and ports.
    try:
        return process.status() == psutil.STATUS_ZOMBIE and process.num_threads() <= 1
    except psutil.NoSuchProcess:
        return True


if sys.platform == "win32":
    _NEW_GROUP = subprocess.CREATE_NEW_PROCESS_GROUP

    def _ask_to_end(process: psutil.Process) -> None:
        process.send_signal(signal.CTRL_BREAK_EVENT)
else:
    _NEW_GROUP = 0

    def _ask_to_end(process: psutil.Process) -> None:
        process.terminate()
