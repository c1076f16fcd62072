"""Many processes of each kind, as their own command lines start them, in folders of their own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from supervisor.ports import free_port

PROJECT = Path(__file__).resolve().parents[3]

WORKERS = ("order_worker", "shipping_worker", "returns_worker")
API = "api"

# An API lets requests end for 5 s, a worker activities for as long; the rest is for a busy machine.
GRACE = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Member:
    """One process, and where it writes."""

    kind: str
    process: subprocess.Popen[bytes]
    folder: Path
    port: int

    def says(self, word: str) -> bool:
        return word in (self.folder / "out").read_text()


@dataclass(slots=True)
class Fleet:
    """`settings` are everybody's; whoever is left when the block ends is killed."""

    folder: Path
    settings: dict[str, str]
    processes: ExitStack
    members: list[Member] = field(default_factory=list)

    def start(self, kind: str) -> Member:
        folder = self.folder / f"{kind}-{len(self.members)}"
        folder.mkdir()
        port = free_port()
        own = {"DATA_DIR": str(folder), "API_PORT": str(port), "LOG_FORMAT": "json", "AUTOSTART": "false"}
        command = ["main.py"] if kind == API else ["-m", f"workers.{kind}"]
        with (folder / "out").open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, *command],
                cwd=PROJECT,
                env={**os.environ, **self.settings, **own},
                stdout=out,
                stderr=out,
            )
        self.processes.callback(_kill, process)
        member = Member(kind, process, folder, port)
        self.members.append(member)
        return member

    def start_two_of_each(self) -> None:
        for kind in (API, *WORKERS):
            self.start(kind)
            self.start(kind)

    def alive(self, kind: str) -> list[Member]:
        return [one for one in self.members if one.kind == kind and one.process.poll() is None]

    def kill_one_of_each(self) -> None:
        for kind in (API, *WORKERS):
            _kill(self.alive(kind)[0].process)

    def drain(self) -> float:
        """Ask everybody to end; return how many seconds the last one took."""
        began_at = time.monotonic()
        living = [one for one in self.members if one.process.poll() is None]
        for one in living:
            one.process.send_signal(signal.SIGTERM)
        for one in living:
            one.process.wait(GRACE.total_seconds())
        return time.monotonic() - began_at


@contextmanager
def a_fleet(folder: Path, **settings: str) -> Iterator[Fleet]:
    with ExitStack() as processes:
        yield Fleet(folder, settings, processes)


def _kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
