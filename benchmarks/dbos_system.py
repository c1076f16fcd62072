"""The app of benchmarks.dbos_orders as a contender: one process, with its database."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from unittest import mock

import httpx

from benchmarks.meter import Usage, usage_of
from benchmarks.systems import Recipe, Tally
from benchmarks.whole_systems import served
from supervisor.ports import free_port

# An order may need several timeouts a stage.
ANSWERED_WITHIN_SECONDS = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DbosSystem:
    """Its one process counts as a worker: it does what workers do, and there is no server."""

    process: subprocess.Popen[bytes]
    http: httpx.AsyncClient

    async def order(self) -> bool:
        ended = await self.http.post("/orders", timeout=ANSWERED_WITHIN_SECONDS)
        return bool(ended.raise_for_status().json()["completed"])

    async def usage(self) -> dict[str, Usage]:
        return usage_of({"dbos-worker": self.process.pid})

    async def tally(self) -> Tally:
        return Tally(**(await self.http.get("/tally")).json())

    async def spans(self, since: datetime) -> Mapping[str, float]:  # noqa: ARG002 - it keeps no such history
        return {}


@asynccontextmanager
async def running(settings: Mapping[str, str], folder: Path) -> AsyncIterator[DbosSystem]:
    """Run the app on a free port until it is left."""
    port = free_port()
    with mock.patch.dict(os.environ, {"DATA_DIR": str(folder), "API_PORT": str(port), **settings}):
        async with served((sys.executable, "-m", "benchmarks.dbos_orders"), port) as (process, http):
            yield DbosSystem(process=process, http=http)


DBOS = Recipe(name="DBOS on SQLite", run=running, library="dbos")
