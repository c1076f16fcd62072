"""What a minute's outage costs orders whose stage is raced again and again."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from benchmarks.stubs import FlakyStub, Mix
from benchmarks.virtual_clock import run_virtually
from domain.faults import DeadlineFault
from hedge_state import HedgeScope, HedgeState, hedge_scope, run_with_hedges

OUTAGE_SECONDS = 60.0
RACE_DEADLINE = timedelta(seconds=2)
RETRIED_AFTER_SECONDS = 1.0
HEALTHY_CALLS_BEFORE = 500

FAILING = Mix(name="every call fails", fail=1.0, hang=0.0)
HANGING = Mix(name="every call hangs", fail=0.0, hang=1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageRow:
    """`recovered_seconds`: from the end of the outage until every order had got through."""

    weather: str
    orders: int
    launches_an_order: float
    leaked_tasks: int
    recovered_seconds: float


def outages(healthy: Mix, seed: int) -> list[OutageRow]:
    """Few and many orders caught by either kind of outage."""
    return [
        run_virtually(_outage(weather, healthy, orders, seed))
        for weather in (FAILING, HANGING)
        for orders in (1, 3, 10, 100)
    ]


async def _outage(weather: Mix, healthy: Mix, orders: int, seed: int) -> OutageRow:
    loop, stub, state = asyncio.get_running_loop(), FlakyStub(healthy, seed), HedgeState()
    for _ in range(HEALTHY_CALLS_BEFORE):
        await _order(stub, state)
    stub.attempts, stub.mix = 0, weather
    tasks = [asyncio.create_task(_order(stub, state)) for _ in range(orders)]
    await asyncio.sleep(OUTAGE_SECONDS)
    launches, stub.mix = stub.attempts, healthy
    ended_at = loop.time()
    await asyncio.gather(*tasks)
    return OutageRow(
        weather=weather.name,
        orders=orders,
        launches_an_order=launches / orders,
        leaked_tasks=len(asyncio.all_tasks()) - 1,
        recovered_seconds=loop.time() - ended_at,
    )


async def _order(stub: FlakyStub, state: HedgeState) -> None:
    scope = HedgeScope(stage="a stage", deadline=RACE_DEADLINE, state=state)
    while True:
        try:
            with hedge_scope(scope):
                return await run_with_hedges(stub.call)
        except DeadlineFault:
            await asyncio.sleep(RETRIED_AFTER_SECONDS)
