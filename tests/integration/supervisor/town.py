"""A place for one supervisor to work in: a directory, ports, stand-in workers, a view of its processes."""

import asyncio
import contextlib
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from config.queues import TaskQueue
from config.settings import Settings
from supervisor.ports import free_port
from supervisor.processes import MARK, ProcessSpec, has_ended
from supervisor.supervisor import Supervisor

# Generous: reached only when something is wrong.
LIMIT_SECONDS = 30.0

STAND_IN = "tests.integration.supervisor.stand_in_worker"
OWNER = "tests.integration.supervisor.owner"
NAMES = ("order-worker", "shipping-worker", "returns-worker")


def settings_for(data_dir: Path, temporal_port: int, ui_port: int) -> Settings:
    return Settings(data_dir=data_dir, temporal_port=temporal_port, temporal_ui_port=ui_port)


def stand_ins(port: int) -> list[ProcessSpec]:
    """The three workers, polling the server at `port`."""
    return [
        ProcessSpec(
            name=f"{queue}-worker",
            command=(sys.executable, "-m", STAND_IN, f"{queue}-worker", queue.value, str(port)),
            queue=queue,
        )
        for queue in TaskQueue
    ]


def never_polling(code: str, name: str = "order-worker") -> ProcessSpec:
    """A child that runs a line of Python instead of polling its queue."""
    return ProcessSpec(name=name, command=(sys.executable, "-c", code), queue=TaskQueue.ORDER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """`settings` name ports that were free, and a directory that does not exist yet."""

    settings: Settings

    @property
    def data_dir(self) -> Path:
        return self.settings.data_dir

    def stand_ins(self) -> list[ProcessSpec]:
        return stand_ins(self.settings.temporal_port)

    def supervisor(self, *, workers: list[ProcessSpec]) -> Supervisor:
        return Supervisor(self.settings, workers=workers)

    def log(self, name: str) -> str:
        """Everything that the child wrote."""
        return (self.data_dir / "logs" / f"{name}.log").read_text()

    def children(self) -> dict[str, int]:
        """The name and pid of every living child of the town, whoever started it; no name may occur twice."""
        inhabitants = [(name, process.pid) for process, name in self._inhabitants()]
        assert len(inhabitants) == len(dict(inhabitants)), f"doubled: {inhabitants}"
        return dict(inhabitants)

    def owner(self, *, workers: int) -> subprocess.Popen[bytes]:
        """Start another process that supervises the town with so many of the stand-ins."""
        settings = self.settings
        arguments = (self.data_dir, settings.temporal_port, settings.temporal_ui_port, workers)
        return subprocess.Popen([sys.executable, "-m", OWNER, *map(str, arguments)], stdout=subprocess.PIPE)

    def kill_everyone(self) -> None:
        for process, _ in self._inhabitants():
            with contextlib.suppress(psutil.Error):
                process.kill()
                process.wait(LIMIT_SECONDS)

    def _inhabitants(self) -> Iterator[tuple[psutil.Process, str]]:
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                home, _, rest = process.environ().get(MARK, "").partition("|")
                if home == str(self.data_dir.resolve()) and not has_ended(process):
                    yield process, rest.partition("|")[0]


def new_town(data_dir: Path) -> Town:
    return Town(settings=settings_for(data_dir, free_port(), free_port()))


async def becomes_true(
    condition: Callable[[], bool | Awaitable[bool]], *, within: float = LIMIT_SECONDS
) -> float:
    """Wait for `condition` and return how many seconds it took; raises TimeoutError after `within`."""
    began_at = time.monotonic()
    async with asyncio.timeout(within):
        while True:
            holds = condition()
            if holds if isinstance(holds, bool) else await holds:
                return time.monotonic() - began_at
            await asyncio.sleep(0.01)
