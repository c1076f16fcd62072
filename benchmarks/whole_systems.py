"""Whole systems to be measured side by side, each with a server, workers and a database of its own."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from unittest import mock
from uuid import uuid4

import httpx
from temporalio.client import Client

from benchmarks.meter import Usage, usage_of
from benchmarks.running_system import ADDRESS, ROOT
from benchmarks.workers import FLOOR, SEVEN_AT_ONCE
from config.queues import TaskQueue
from config.settings import load_settings
from engine.connection import connect
from supervisor import temporal_server
from supervisor.ports import free_port
from supervisor.processes import ProcessSpec
from supervisor.supervisor import WORKERS, Supervisor

PATIENCE_SECONDS = 60.0
LOOK_EVERY_SECONDS = 0.1


class Customer(Protocol):
    """Places an order and returns when it has ended."""

    async def order(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What makes one contender: its workers, its settings, what its server is told."""

    name: str
    workers: Sequence[ProcessSpec] = WORKERS
    settings: Mapping[str, str] = field(default_factory=dict)
    is_floor: bool = False
    tells_server: Callable[[], AbstractContextManager[Any]] = nullcontext


def _workers(contender: str, queues: Sequence[TaskQueue]) -> tuple[ProcessSpec, ...]:
    return tuple(
        ProcessSpec(
            name=f"{queue}-worker",
            command=(sys.executable, "-m", "benchmarks.workers", contender, queue),
            queue=queue,
        )
        for queue in queues
    )


RECIPES = (
    Recipe(name="floor", workers=_workers(FLOOR, (TaskQueue.ORDER, TaskQueue.SHIPPING)), is_floor=True),
    Recipe(name="ours"),
    Recipe(name="ours, HEDGES=1", settings={"HEDGES": "1"}),
    Recipe(name="seven at once", workers=_workers(SEVEN_AT_ONCE, tuple(TaskQueue))),
    Recipe(
        name="ours, server's defaults",
        tells_server=lambda: mock.patch.object(temporal_server, "DYNAMIC_CONFIG", {}),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeSystem:
    """A recipe that runs. `database` holds nothing for the floor."""

    recipe: Recipe
    supervisor: Supervisor
    temporal: Client
    database: Path
    api: subprocess.Popen[bytes] | None
    http: httpx.AsyncClient

    async def order(self) -> None:
        """Place one order, by the API where there is one, and see it end."""
        if self.recipe.is_floor:
            name = f"floor-{uuid4()}"
            await self.temporal.execute_workflow("FloorOrder", id=name, task_queue=TaskQueue.ORDER)
            return
        placed = await self.http.post("/orders", json={"address": ADDRESS})
        placed.raise_for_status()
        await self.temporal.get_workflow_handle(placed.json()["workflow_id"]).result()

    async def pids(self) -> dict[str, int]:
        """By name, the API's too."""
        status = await self.supervisor.status()
        found = {part.name: part.pid for part in status.components if part.pid and part.name != "api"}
        return found if self.api is None else {**found, "api": self.api.pid}

    async def usage(self) -> dict[str, Usage]:
        return usage_of(await self.pids())


@asynccontextmanager
async def running(recipe: Recipe, data_dir: Path) -> AsyncIterator[WholeSystem]:
    """Run the recipe on free ports until it is left; then nothing of it is left."""
    environment = {
        "DATA_DIR": str(data_dir),
        "AUTOSTART": "false",
        "REVIEW_SECONDS": "0",
        "LOG_FORMAT": "json",
        **{name: str(free_port()) for name in ("API_PORT", "TEMPORAL_PORT", "TEMPORAL_UI_PORT")},
        **recipe.settings,
    }
    with mock.patch.dict(os.environ, environment), recipe.tells_server():
        settings = load_settings()
        supervisor = Supervisor(settings, workers=recipe.workers)
        await supervisor.start()
        api = None if recipe.is_floor else _start_api()
        url = f"http://127.0.0.1:{settings.api_port}"
        try:
            async with httpx.AsyncClient(base_url=url, timeout=PATIENCE_SECONDS) as http:
                if api:
                    await _answering(http)
                yield WholeSystem(
                    recipe=recipe,
                    supervisor=supervisor,
                    temporal=await connect(settings),
                    database=data_dir / "orders.db",
                    api=api,
                    http=http,
                )
        finally:
            if api:
                api.terminate()
                await asyncio.to_thread(api.wait, PATIENCE_SECONDS)
            await supervisor.stop()


def _start_api() -> subprocess.Popen[bytes]:
    quiet = subprocess.DEVNULL
    return subprocess.Popen([sys.executable, "main.py"], cwd=ROOT, stdout=quiet, stderr=quiet)


async def _answering(http: httpx.AsyncClient) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                if (await http.get("/healthz")).is_success:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(LOOK_EVERY_SECONDS)
