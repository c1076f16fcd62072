"""The system under fire, as its user starts it, and a hand on each of its processes."""

import asyncio
import signal
import subprocess
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import httpx
import psutil

from benchmarks.chaos.schedule import WORKERS
from benchmarks.running_system import family, give_start_command, own_environment
from supervisor.processes import ProcessTable
from supervisor.status import API, TEMPORAL

COMPONENTS = (API, TEMPORAL, *WORKERS)

# Generous: the machine may be busy with other things.
READY_WITHIN = timedelta(seconds=90)
LOOK_EVERY = timedelta(seconds=0.05)


async def until(met: Callable[[], Awaitable[bool]], within: timedelta, what: str) -> None:
    """Return once it is met; raises TimeoutError that says what was awaited."""
    ends_at = time.monotonic() + within.total_seconds()
    while not await met():
        if time.monotonic() > ends_at:
            raise TimeoutError(f"in vain awaited: {what}")
        await asyncio.sleep(LOOK_EVERY.total_seconds())


class System:
    """Everything of it lives in `data_dir`; nothing of it is left after `end`."""

    def __init__(self, data_dir: Path, **settings: str) -> None:
        self.data_dir = data_dir
        self.environment = own_environment(data_dir, **settings)
        self.base_url = f"http://127.0.0.1:{self.environment['API_PORT']}"
        self._table = ProcessTable(data_dir)
        self._api: subprocess.Popen[bytes] | None = None
        self._http = httpx.AsyncClient(base_url=self.base_url, timeout=5)

    async def start(self) -> None:
        """Give the start command, and return once all is ready."""
        self.give_start_command()
        await self.is_ready()

    def give_start_command(self) -> None:
        self._api = give_start_command(self.environment)

    async def is_ready(self) -> None:
        await until(self._answers_ready, READY_WITHIN, f"the system of {self.data_dir} to be ready")

    async def is_whole(self) -> None:
        """Return once every component has a process that is alive, whether it is ready or not."""
        await until(self._all_alive, READY_WITHIN, "a process for every component")

    def process(self, name: str) -> psutil.Process | None:
        """What is alive of that name."""
        if name == API:
            return psutil.Process(self._api.pid) if self._api and self._api.poll() is None else None
        found = self._table.find(name)
        return found.process if found else None

    def kill(self, *names: str) -> list[str]:
        """End them without a word; return those that were alive."""
        living = [(name, process) for name in names if (process := self.process(name))]
        for _, process in living:
            process.kill()
        if API in names and self._api:
            self._api.wait()
        return [name for name, _ in living]

    def freeze(self, name: str) -> psutil.Process | None:
        process = self.process(name)
        if process:
            process.send_signal(signal.SIGSTOP)
        return process

    def levels(self) -> dict[str, dict[str, float]]:
        """What each process holds: memory in megabytes, file descriptors, threads."""
        found = {name: process for name in COMPONENTS if (process := self.process(name))}
        return {name: _held_by(process) for name, process in found.items()}

    async def dump(self, after_order: int) -> dict[str, list[dict[str, object]]]:
        answer = await self._http.get("/db-dump", params={"after_order": after_order}, timeout=60)
        answer.raise_for_status()
        found: dict[str, list[dict[str, object]]] = answer.json()
        return found

    async def end(self) -> None:
        await self._http.aclose()
        if self._api and self._api.poll() is None:
            self._api.terminate()
            try:
                await asyncio.to_thread(self._api.wait, READY_WITHIN.total_seconds())
            except subprocess.TimeoutExpired:
                self._api.kill()
        self.sweep_up()

    def sweep_up(self) -> None:
        """End what is left, of an earlier run too."""
        for left_over in family(self.data_dir):
            left_over.kill()

    async def _all_alive(self) -> bool:
        return all(self.process(name) for name in COMPONENTS)

    async def _answers_ready(self) -> bool:
        try:
            return (await self._http.get("/readyz")).is_success
        except httpx.TransportError:
            return False


def _held_by(process: psutil.Process) -> dict[str, float]:
    with process.oneshot():
        return {
            "megabytes": round(process.memory_info().rss / 2**20, 1),
            "file_descriptors": process.num_fds(),
            "threads": process.num_threads(),
        }
