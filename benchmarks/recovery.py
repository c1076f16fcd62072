"""What a `kill -9` costs the orders that are under way: of a worker, of the Temporal server."""

import asyncio
import os
import signal
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from temporalio.service import RPCError

from benchmarks.systems import Recipe
from benchmarks.whole_systems import ShopSystem, running_shop
from config.queues import TaskQueue
from domain.status import OPEN
from engine.connection import connect
from supervisor.status import TEMPORAL

VICTIMS = (TaskQueue.ORDER.worker, TaskQueue.SHIPPING.worker, TEMPORAL)
TIMES_EACH = 3

# So many orders are open when it happens, after so long a time of such traffic.
OPEN_ORDERS = 10
TRAFFIC_SECONDS = 5.0

# The bounds that are to be kept: a worker's stall, and a server's beyond the time it was away.
MOST_AFTER_A_WORKER, MOST_AFTER_THE_SERVER = 4.0, 2.0

ALL_ENDED_WITHIN_SECONDS = 60.0
LOOK_EVERY_SECONDS = 0.05
ANSWER_WITHIN_SECONDS = 0.5

IS_OPEN = f"status IN ({', '.join(repr(str(status)) for status in sorted(OPEN))})"
EVENTS = "SELECT at FROM events WHERE order_id = ? ORDER BY sequence"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryRow:
    """One kill; seconds. `stall` is the longest pause of any of the orders, `away` how long the victim was.

    A worker's absence is not asked for: None.
    """

    victim: str
    orders: int
    stall: float
    away: float | None

    @property
    def beyond(self) -> float:
        """What of the stall is not the victim's mere absence."""
        return self.stall if self.away is None else max(0.0, self.stall - self.away)

    @property
    def most(self) -> float:
        return MOST_AFTER_A_WORKER if self.away is None else MOST_AFTER_THE_SERVER


async def recover(recipe: Recipe, folder: Path, seed: int) -> list[RecoveryRow]:
    """Kill each victim so many times, each time in a system of its own.

    Kills in a row would measure each other: a worker's poll that has lived through one kill of the server
    waits longer after the next, since the SDK doubles its pause, up to ten seconds.
    """
    rows = []
    for number, victim in enumerate(victim for victim in VICTIMS for _ in range(TIMES_EACH)):
        settings = {**recipe.settings, "FLAKY_SEED": str(seed + number)}
        async with running_shop(settings, folder / str(number)) as system:
            rows.append(await _kill(system, victim))
    return rows


async def _kill(system: ShopSystem, victim: str) -> RecoveryRow:
    await _traffic(system)
    pids, caught, at = await system.pids(), _open_orders(system), datetime.now(UTC)
    os.kill(pids[victim], signal.SIGKILL)
    away = await _until_it_answers(system) if victim == TEMPORAL else None
    await _all_ended(system)
    return RecoveryRow(
        victim=victim,
        orders=len(caught),
        stall=max(_longest_pause(system, order_id, at) for order_id in caught),
        away=away,
    )


async def _traffic(system: ShopSystem) -> None:
    """As many orders as wanted are open, and have been for a while."""
    until = time.monotonic() + TRAFFIC_SECONDS
    while time.monotonic() < until or len(_open_orders(system)) < OPEN_ORDERS:
        for _ in range(OPEN_ORDERS - len(_open_orders(system))):
            await system.place()
        await asyncio.sleep(LOOK_EVERY_SECONDS)


async def _until_it_answers(system: ShopSystem) -> float:
    """Return how long nobody answered, asked again and again by a client of its own."""
    began = time.monotonic()
    async with asyncio.timeout(ALL_ENDED_WITHIN_SECONDS):
        while not await _answers(system):  # noqa: ASYNC110 - nothing announces it
            await asyncio.sleep(LOOK_EVERY_SECONDS)
    return time.monotonic() - began


async def _answers(system: ShopSystem) -> bool:
    try:
        async with asyncio.timeout(ANSWER_WITHIN_SECONDS):
            await (await connect(system.settings)).count_workflows()
    except (RuntimeError, RPCError, TimeoutError):
        return False
    return True


async def _all_ended(system: ShopSystem) -> None:
    async with asyncio.timeout(ALL_ENDED_WITHIN_SECONDS):
        while _open_orders(system):  # noqa: ASYNC110 - nothing announces it
            await asyncio.sleep(LOOK_EVERY_SECONDS)


def _open_orders(system: ShopSystem) -> list[int]:
    return [order_id for (order_id,) in system.read(f"SELECT id FROM orders WHERE {IS_OPEN}")]


def _longest_pause(system: ShopSystem, order_id: int, at: datetime) -> float:
    """Between two events of the order, the second of which came after that moment."""
    moments = [
        datetime.fromisoformat(moment).replace(tzinfo=UTC) for (moment,) in system.read(EVENTS, order_id)
    ]
    pauses = ((after - before).total_seconds() for before, after in pairwise(moments) if after > at)
    return max(pauses, default=0.0)
