"""The whole system as a user runs it: `./start` in a process of its own, spoken to over HTTP."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from domain.status import OrderStatus
from supervisor.ports import free_ports

ROOT = Path(__file__).parents[1]

# Generous: the machine may be busy with other tests.
PATIENCE_SECONDS = 90.0

ENDED = tuple(status for status in OrderStatus if status.is_ended)
ADDRESS = {"line1": "1 Harbour Street", "city": "Bremen", "postal_code": "28195", "country": "DE"}


def eventually(met: Callable[[], Any], what: str, within: float = PATIENCE_SECONDS) -> Any:
    """Return what `met` returns once it is true; fail, saying what was awaited, if it never is."""
    until = time.monotonic() + within
    while time.monotonic() < until:
        if found := met():
            return found
        time.sleep(0.05)
    raise AssertionError(f"in vain awaited: {what}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningSystem:
    """`process` is what `./start` became."""

    process: subprocess.Popen[bytes]
    environment: dict[str, str]
    http: httpx.Client

    @property
    def ports(self) -> list[int]:
        return [int(self.environment[name]) for name in ("API_PORT", "TEMPORAL_PORT", "TEMPORAL_UI_PORT")]

    def components(self) -> dict[str, dict[str, Any]]:
        return {part["name"]: part for part in self.http.get("/server").json()["components"]}

    def is_ready(self) -> bool:
        try:
            return self.http.get("/readyz").status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def place(self, **body: Any) -> int:
        answer = self.http.post("/orders", json={"address": ADDRESS, **body})
        assert answer.status_code == httpx.codes.CREATED, answer.text
        order_id: int = answer.json()["order_id"]
        return order_id

    def order(self, order_id: int) -> dict[str, Any]:
        found: dict[str, Any] = self.http.get(f"/orders/{order_id}").json()
        return found

    def ended(self, order_id: int) -> dict[str, Any]:
        """Return the whole order, once it has ended."""
        eventually(lambda: self.order(order_id)["status"] in ENDED, f"the end of order {order_id}")
        return self.order(order_id)

    def dump(self) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = self.http.get("/db-dump").json()
        return found

    def interrupt(self) -> int:
        """Press Ctrl-C and return the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE_SECONDS)


def own_environment(data_dir: Path, **settings: str) -> dict[str, str]:
    """Everything in `data_dir`, on ports that are free."""
    return {**os.environ, "DATA_DIR": str(data_dir), **own_ports(), **settings}


def own_ports() -> dict[str, str]:
    """The settings of every port, each of its own."""
    names = ("API_PORT", "TEMPORAL_PORT", "TEMPORAL_UI_PORT")
    return dict(zip(names, map(str, free_ports(len(names))), strict=True))


def give_start_command(environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """Run `./start`, in a session of its own; what it says is in `start.log` of its DATA_DIR."""
    data_dir = Path(environment["DATA_DIR"])
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / "start.log").open("ab") as log:
        return subprocess.Popen(
            ["./start"], cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
        )


@contextmanager
def started(data_dir: Path, **settings: str) -> Iterator[RunningSystem]:
    """Run `./start` on free ports until all is ready; afterwards nothing of it is left."""
    environment = own_environment(data_dir, **settings)
    process = give_start_command(environment)
    url = f"http://127.0.0.1:{environment['API_PORT']}"
    with httpx.Client(base_url=url, timeout=30) as http:
        system = RunningSystem(process=process, environment=environment, http=http)
        try:
            eventually(system.is_ready, f"the system of {data_dir} to be ready")
            yield system
        finally:
            _end(process, data_dir)


def family(data_dir: Path) -> list[psutil.Process]:
    """Return every process that was started for `data_dir`."""
    found = []
    for process in psutil.process_iter():
        try:
            if (
                process.environ().get("DATA_DIR") == str(data_dir)
                and process.status() != psutil.STATUS_ZOMBIE
            ):
                found.append(process)
        except psutil.Error:
            continue
    return found


def _end(process: subprocess.Popen[bytes], data_dir: Path) -> None:
    if process.poll() is None:
        process.terminate()
        process.wait(PATIENCE_SECONDS)
    for left_over in family(data_dir):
        left_over.kill()
