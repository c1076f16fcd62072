"""The faults themselves: each strikes, heals, and says whether it hit anything."""

import asyncio
import contextlib
import json
import sqlite3
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from random import Random
from uuid import UUID

import httpx
import psutil

from benchmarks.chaos.books import Books
from benchmarks.chaos.customers import PatientClient
from benchmarks.chaos.schedule import WORKERS, Family, Strike
from benchmarks.chaos.system import COMPONENTS, System
from benchmarks.running_system import ADDRESS
from db.mishaps import Mishaps, ask_for, happened
from observability.invariants.evidence import Answer
from supervisor.status import API, TEMPORAL

# A flood is more than the API lets in at once.
FLOOD_OF = 120
TIMES_REPEATED = 5
REPEATED_LATE_AFTER = timedelta(seconds=1)

# A share of one in a hundred may need more writes than the customers cause.
TRIES_TO_SPOIL = 200

LOOK_FOR_WORKERS_EVERY = timedelta(seconds=0.05)

# How long a burst of requests gets to be under way before its API is killed under it.
UNDER_WAY_AFTER = timedelta(seconds=0.01)

AS_JSON = {"Content-Type": "application/json"}

POISON: tuple[bytes, ...] = (
    b"",
    b"{",
    b"null",
    b"[]",
    b'{"address": null}',
    b'{"address": {"line1": NaN}}',
    b'{"address": {"line1": "\\ud800", "city": "x", "postal_code": "1", "country": "DE"}}',
    b'{"address": {"line1": "\\u0000", "city": "x", "postal_code": "1", "country": "DE"}}',
    b"\xff\xfe\x00" * 20,
    b"[" * 20_000,
    b'{"address": "' + b"x" * 100_000 + b'"}',
    json.dumps({"address": ADDRESS, "items": [{"sku": "a", "quantity": 1e400}]}).encode(),
    json.dumps({"address": ADDRESS, "surprise": 1}).encode(),
)


class Missed(Exception):
    """The fault found nothing to strike."""


class Faults:
    """One system's; `random` decides what is left open by the schedule."""

    def __init__(
        self, system: System, client: PatientClient, books: Books, mishaps: Path, random: Random
    ) -> None:
        self._system = system
        self._client = client
        self._books = books
        self._mishaps = mishaps
        self._random = random
        self._ways: dict[Family, Callable[[Strike], Awaitable[None]]] = {
            Family.KILL_WORKER: self._kill,
            Family.KILL_API: self._kill_api,
            Family.KILL_TEMPORAL: self._kill_temporal,
            Family.KILL_EVERYTHING: self._kill_everything,
            Family.FREEZE_WORKER: lambda strike: self._freeze(strike.variant, strike),
            Family.FREEZE_API: lambda strike: self._freeze(API, strike),
            Family.FREEZE_TEMPORAL: lambda strike: self._freeze(TEMPORAL, strike),
            Family.LOCK_DATABASE: self._lock_database,
            Family.COMMITS: self._spoil_commits,
            Family.FLOOD: self._flood,
            Family.STRANGE_REQUESTS: self._ask_strangely,
            Family.NO_WORKER: self._keep_workers_down,
        }

    async def strike(self, strike: Strike) -> None:
        """Return once healed; raises Missed."""
        await self._ways[strike.family](strike)

    async def _kill(self, strike: Strike) -> None:
        if not self._system.kill(strike.variant):
            raise Missed

    async def _kill_api(self, strike: Strike) -> None:  # noqa: ARG002 - as every way
        """In the middle of requests; whoever keeps it gives the start command again."""
        asking = [asyncio.create_task(self._place()) for _ in range(3)]
        await asyncio.sleep(UNDER_WAY_AFTER.total_seconds() * self._random.random())
        was_asked = self._client.in_flight
        was_alive = self._system.kill(API)
        self._system.give_start_command()
        await asyncio.gather(*asking)
        if not (was_asked and was_alive):
            raise Missed

    async def _kill_temporal(self, strike: Strike) -> None:  # noqa: ARG002 - as every way
        if not self._system.kill(TEMPORAL):
            raise Missed

    async def _kill_everything(self, strike: Strike) -> None:  # noqa: ARG002 - as every way
        killed = self._system.kill(*COMPONENTS)
        self._system.give_start_command()
        if len(killed) < len(COMPONENTS):
            raise Missed

    async def _freeze(self, name: str, strike: Strike) -> None:
        process = self._system.freeze(name)
        if process is None:
            raise Missed
        await asyncio.sleep(strike.lasts_seconds)
        with contextlib.suppress(psutil.NoSuchProcess):
            process.resume()

    async def _lock_database(self, strike: Strike) -> None:
        """A stranger begins a transaction that writes, and takes its time."""
        stranger = sqlite3.connect(self._system.data_dir / "orders.db", timeout=10, isolation_level=None)
        with contextlib.closing(stranger):
            stranger.execute("BEGIN IMMEDIATE")
            await asyncio.sleep(strike.lasts_seconds)
            stranger.execute("ROLLBACK")

    async def _spoil_commits(self, strike: Strike) -> None:
        kind, share = strike.variant.split()
        before = happened(self._mishaps)
        ask_for(self._mishaps, Mishaps(**{kind: float(share.removesuffix("%")) / 100}))
        asking = [asyncio.create_task(self._place()) for _ in range(3)]
        await asyncio.sleep(strike.lasts_seconds)
        for _ in range(TRIES_TO_SPOIL):
            if happened(self._mishaps) > before:
                break
            await self._place()
        ask_for(self._mishaps, Mishaps())
        await asyncio.gather(*asking)
        if happened(self._mishaps) == before:
            raise Missed

    async def _flood(self, strike: Strike) -> None:  # noqa: ARG002 - as every way
        order_id = await self._some_open_order()
        await asyncio.gather(*(self._say_something(order_id) for _ in range(FLOOD_OF)))

    async def _ask_strangely(self, strike: Strike) -> None:  # noqa: ARG002 - as every way
        """Bodies that are none, and the same request many times: at once, and again when all is over."""
        order_id = await self._some_open_order()
        await self._poison()
        placing, cancelling = self._key(), self._key()
        for _ in range(2):
            await asyncio.gather(
                *(self._place(placing) for _ in range(TIMES_REPEATED)),
                *(self._cancel(order_id, cancelling) for _ in range(TIMES_REPEATED)),
            )
            await asyncio.sleep(REPEATED_LATE_AFTER.total_seconds())

    async def _poison(self) -> None:
        async with httpx.AsyncClient(base_url=self._system.base_url, timeout=30) as http:
            for body in POISON:
                asked_at = datetime.now(UTC)
                answer = await http.post("/orders", content=body, headers=AS_JSON)
                self._client.keep(
                    Answer(
                        operation="poison",
                        asked_at=asked_at,
                        answered_at=datetime.now(UTC),
                        status=answer.status_code,
                        told=answer.json(),
                    )
                )
                if answer.status_code < HTTPStatus.BAD_REQUEST:
                    raise Missed

    async def _keep_workers_down(self, strike: Strike) -> None:
        """Whenever one of them is back, it is killed again."""
        until, killed = time.monotonic() + strike.lasts_seconds, 0
        while time.monotonic() < until:
            killed += len(self._system.kill(*WORKERS))
            await asyncio.sleep(LOOK_FOR_WORKERS_EVERY.total_seconds())
        if killed < len(WORKERS):
            raise Missed

    async def _place(self, key: UUID | None = None) -> None:
        """An order that nobody looks after: it completes by itself."""
        await self._client.ask(
            "start_order", "POST", "/orders", key=key or self._key(), body={"address": ADDRESS}
        )

    async def _cancel(self, order_id: int, key: UUID) -> None:
        path = f"/orders/{order_id}/cancel"
        await self._client.ask("cancel_order", "POST", path, order_id=order_id, key=key)

    async def _say_something(self, order_id: int) -> None:
        """Mostly another address; one word in twenty is a cancellation."""
        if self._random.random() < 0.05:
            await self._cancel(order_id, self._key())
            return
        body = {**ADDRESS, "line1": f"{self._random.randrange(1000)} Mill Lane"}
        path = f"/orders/{order_id}/address"
        await self._client.ask("update_address", "PUT", path, order_id=order_id, key=self._key(), body=body)

    async def _some_open_order(self) -> int:
        found = await self._books.open_orders()
        if not found:
            raise Missed
        return max(found)

    def _key(self) -> UUID:
        return UUID(int=self._random.getrandbits(128))
