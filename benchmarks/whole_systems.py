"""Ours and what it is compared with on Temporal: a server, workers, mostly an API, on free ports."""

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    asynccontextmanager,
    closing,
    nullcontext,
)
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any
from unittest import mock
from uuid import uuid4

import httpx
from prometheus_client.parser import text_string_to_metric_families
from temporalio.client import Client

from benchmarks.contenders import HEDGES
from benchmarks.lines import LeanTransport
from benchmarks.meter import Usage, usage_of
from benchmarks.running_system import ADDRESS, ROOT, own_ports
from benchmarks.spans import mean_spans
from benchmarks.systems import Recipe, System, Tally
from benchmarks.workers import FLOOR, SEVEN_AT_ONCE
from config.queues import TaskQueue
from config.settings import Settings, load_settings
from domain.status import OrderStatus
from engine.connection import connect
from supervisor import temporal_server
from supervisor.processes import ProcessSpec
from supervisor.supervisor import WORKERS, Supervisor
from workflows.deeds import WORKFLOW_TASK_TIMEOUT

PATIENCE_SECONDS = 60.0
LOOK_EVERY_SECONDS = 0.1

# What an event of a flaky stage says of its calls. The plain way keeps no record of them: it makes as many
# each time Temporal tries.
RECORDED, ALL_EACH_TIME = "launched", f"{HEDGES} * attempts"


@dataclass(frozen=True, slots=True, kw_only=True)
class TemporalSystem:
    """A Temporal server and its workers."""

    settings: Settings
    supervisor: Supervisor
    temporal: Client

    async def order(self) -> bool:
        """Run the floor's workflow, which is all there is to an order. No worker works for other books."""
        ((tag,),) = self.read("SELECT tag FROM installation")
        name = f"floor-{tag}-{uuid4()}"
        # With the SDK's own task timeout, ten seconds, the server would do away with most of a turn's timers
        # in the turn of another.
        await self.temporal.execute_workflow(
            "FloorOrder", id=name, task_queue=TaskQueue.ORDER, task_timeout=WORKFLOW_TASK_TIMEOUT
        )
        return True

    def read(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask the books, from outside."""
        with closing(sqlite3.connect(self.settings.data_dir / "orders.db")) as books:
            return books.execute(query, values).fetchall()

    async def pids(self) -> dict[str, int]:
        """By name. The supervisor takes this process for the API: it is left out."""
        status = await self.supervisor.status()
        return {part.name: part.pid for part in status.components if part.pid and part.name != "api"}

    async def usage(self) -> dict[str, Usage]:
        return usage_of(await self.pids())

    async def tally(self) -> Tally:
        return Tally()

    async def spans(self, since: datetime) -> Mapping[str, float]:
        return await mean_spans(self.temporal, since)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopSystem(TemporalSystem):
    """One with an API and books; `calls_of_an_event` is SQL over an event's columns."""

    api: subprocess.Popen[bytes]
    http: httpx.AsyncClient
    calls_of_an_event: str

    async def place(self) -> dict[str, Any]:
        """Place an order by the API and return its answer."""
        placed = await self.http.post("/orders", json={"address": ADDRESS})
        placed.raise_for_status()
        answer: dict[str, Any] = placed.json()
        return answer

    async def order(self) -> bool:
        placed = await self._place_in_the_end()
        outcome = await self.temporal.get_workflow_handle(placed["workflow_id"]).result()
        return bool(outcome["status"] == OrderStatus.COMPLETED)

    async def _place_in_the_end(self) -> dict[str, Any]:
        """Whoever is turned away asks again when told to; that is part of the time their order takes."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                try:
                    return await self.place()
                except httpx.HTTPStatusError as refused:
                    if refused.response.status_code != HTTPStatus.SERVICE_UNAVAILABLE:
                        raise
                    await asyncio.sleep(float(refused.response.headers["Retry-After"]))

    async def pids(self) -> dict[str, int]:
        return {**await TemporalSystem.pids(self), "api": self.api.pid}

    async def tally(self) -> Tally:
        sums = f"COALESCE(SUM({self.calls_of_an_event}), 0), COUNT(*)"
        (calls, stages), *_ = self.read(f"SELECT {sums} FROM events WHERE launched IS NOT NULL")
        return Tally(calls=calls, stages=stages, breached=await self._breached())

    async def _breached(self) -> int:
        told = (await self.http.get("/metrics")).text
        figures = {family.name: family.samples for family in text_string_to_metric_families(told)}
        return round(figures["orders_sla_breached"][0].value)


def _workers(contender: str, queues: Sequence[TaskQueue]) -> tuple[ProcessSpec, ...]:
    return tuple(
        ProcessSpec(
            name=queue.worker,
            command=(sys.executable, "-m", "benchmarks.workers", contender, queue),
            queue=queue,
        )
        for queue in queues
    )


@asynccontextmanager
async def running_floor(settings: Mapping[str, str], folder: Path) -> AsyncIterator[TemporalSystem]:
    """Run the server, and workers whose activities are empty."""
    workers = _workers(FLOOR, (TaskQueue.ORDER, TaskQueue.SHIPPING))
    async with _supervised(settings, folder, workers) as system:
        yield system


@asynccontextmanager
async def running_shop(
    settings: Mapping[str, str],
    folder: Path,
    *,
    workers: Sequence[ProcessSpec] = WORKERS,
    calls_of_an_event: str = RECORDED,
    tells_server: Callable[[], AbstractContextManager[Any]] = nullcontext,
) -> AsyncIterator[ShopSystem]:
    """Run everything on free ports until it is left; then nothing of it is left."""
    with tells_server():
        async with _supervised(settings, folder, workers) as system, _api(system.settings) as (api, http):
            yield ShopSystem(
                settings=system.settings,
                supervisor=system.supervisor,
                temporal=system.temporal,
                api=api,
                http=http,
                calls_of_an_event=calls_of_an_event,
            )


@asynccontextmanager
async def _supervised(
    given: Mapping[str, str], folder: Path, workers: Sequence[ProcessSpec]
) -> AsyncIterator[TemporalSystem]:
    # Two systems may be up: neither may ask for a port the other has.
    fixed = {"AUTOSTART": "false", "REVIEW_SECONDS": "0", "LOG_FORMAT": "json", "METRICS_PORT": ""}
    with mock.patch.dict(os.environ, {"DATA_DIR": str(folder), **fixed, **own_ports(), **given}):
        settings = load_settings()
        supervisor = Supervisor(settings, workers=workers)
        try:
            await supervisor.start()
            yield TemporalSystem(settings=settings, supervisor=supervisor, temporal=await connect(settings))
        finally:
            await supervisor.stop()


@asynccontextmanager
async def _api(settings: Settings) -> AsyncIterator[tuple[subprocess.Popen[bytes], httpx.AsyncClient]]:
    async with served((sys.executable, "main.py"), settings.api_port) as api:
        yield api


@asynccontextmanager
async def served(
    command: Sequence[str], port: int
) -> AsyncIterator[tuple[subprocess.Popen[bytes], httpx.AsyncClient]]:
    """Run a program that answers at /healthz on `port`, and a client of it."""
    process = _spawn(command)
    url = f"http://127.0.0.1:{port}"
    try:
        async with httpx.AsyncClient(
            base_url=url, timeout=PATIENCE_SECONDS, transport=LeanTransport(port)
        ) as http:
            await _answering(http)
            yield process, http
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, PATIENCE_SECONDS)


def _spawn(command: Sequence[str]) -> subprocess.Popen[bytes]:
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, cwd=ROOT, stdout=quiet, stderr=quiet)


async def _answering(http: httpx.AsyncClient) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                if (await http.get("/healthz")).is_success:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(LOOK_EVERY_SECONDS)


def _seven_at_once(settings: Mapping[str, str], folder: Path) -> AbstractAsyncContextManager[System]:
    workers = _workers(SEVEN_AT_ONCE, tuple(TaskQueue))
    return running_shop(settings, folder, workers=workers, calls_of_an_event=ALL_EACH_TIME)


def _untold_server(settings: Mapping[str, str], folder: Path) -> AbstractAsyncContextManager[System]:
    def untold() -> AbstractContextManager[Any]:
        return mock.patch.object(temporal_server, "DYNAMIC_CONFIG", {})

    return running_shop(settings, folder, tells_server=untold)


OURS = "ours"

# What these two are to each other is what is looked for, so they have as many orders, in turns of some
# seconds. That none is late is seen of many only; those come last.
ORDERS_IN_TURNS, IN_TURNS_AT_MOST_SECONDS = {1: 200, 50: 1000, 10: 3000}, 900.0
IN_TURNS = (
    Recipe(name="floor", run=running_floor, orders=ORDERS_IN_TURNS, longest_seconds=IN_TURNS_AT_MOST_SECONDS),
    Recipe(name=OURS, run=running_shop, orders=ORDERS_IN_TURNS, longest_seconds=IN_TURNS_AT_MOST_SECONDS),
)
ALONE = (
    Recipe(name="ours, HEDGES=1", run=running_shop, settings={"HEDGES": "1"}),
    Recipe(name="seven at once", run=_seven_at_once),
    Recipe(name="ours, server's defaults", run=_untold_server),
)
