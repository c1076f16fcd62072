"""What a race costs the processor when its first attempt succeeds at once; on the real loop and clock."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from time import process_time

from hedge_state import HedgeScope, HedgeState, hedge_scope, run_with_hedges

CALLS = 3000
ROUNDS = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuRow:
    """Microseconds of CPU a call, the best of several rounds; `ratio` to one call in a task of its own."""

    race_microseconds: float
    task_microseconds: float
    ratio: float


def cpu_of_a_call() -> CpuRow:
    """Measure both, in turns, so that a busy machine is busy for both."""
    return asyncio.run(_cpu_of_a_call())


async def _cpu_of_a_call() -> CpuRow:
    scope = HedgeScope(stage="a stage", deadline=timedelta(seconds=2), state=HedgeState())

    async def call() -> None:
        pass

    async def raced() -> None:
        with hedge_scope(scope):
            await run_with_hedges(call)

    async def in_a_task() -> None:
        async with asyncio.timeout(2.0):
            await asyncio.create_task(call())

    race, task = [], []
    for _ in range(ROUNDS):
        race.append(await _microseconds(raced))
        task.append(await _microseconds(in_a_task))
    return CpuRow(race_microseconds=min(race), task_microseconds=min(task), ratio=min(race) / min(task))


async def _microseconds(call: Callable[[], Awaitable[None]]) -> float:
    began = process_time()
    for _ in range(CALLS):
        await call()
    return (process_time() - began) / CALLS * 1e6
