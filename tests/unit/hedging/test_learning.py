"""A stage's delay, learned from its own races."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from datetime import timedelta
from random import Random

import pytest

from domain.faults import FlakyFault
from hedge_state import HedgeScope, HedgeState, hedge_scope, run_with_hedges
from hedging import learning
from tests.unit.hedging.scripts import on_virtual_clock, succeeds


class Weather:
    """A flaky call with a lognormal latency; its mix can be changed while it is called."""

    def __init__(self, *, fail: float, hang: float, median: float, sigma: float = 0.5) -> None:
        self.rng = Random(11)
        self.fail, self.hang, self.median, self.sigma = fail, hang, median, sigma

    async def __call__(self) -> None:
        dice = self.rng.random()
        if dice < self.fail:
            raise FlakyFault
        if dice < self.fail + self.hang:
            await asyncio.sleep(300)
        if self.median:
            await asyncio.sleep(self.rng.lognormvariate(math.log(self.median), self.sigma))


async def races(call: Callable[[], Awaitable[object]], count: int, state: HedgeState) -> list[float]:
    """The seconds each of so many races took, one after the other."""
    loop, seconds = asyncio.get_running_loop(), []
    for _ in range(count):
        began = loop.time()
        with hedge_scope(HedgeScope(stage="a_stage", deadline=timedelta(seconds=30), state=state)):
            await run_with_hedges(call)
        seconds.append(loop.time() - began)
    return seconds


def delay_of(state: HedgeState) -> float:
    return state.stage("a_stage").delay.seconds


@on_virtual_clock
async def test_the_delay_is_fifty_milliseconds_for_the_first_twenty_successes(state: HedgeState) -> None:
    weather = Weather(fail=1 / 3, hang=1 / 3, median=0)

    await races(weather, 19, state)
    warming_up = delay_of(state)
    await races(weather, 1, state)

    assert warming_up == 0.050
    assert delay_of(state) == learning.SHORTEST_DELAY.total_seconds()


@on_virtual_clock
async def test_a_plan_is_made_once_in_two_hundred_successes(
    state: HedgeState, monkeypatch: pytest.MonkeyPatch
) -> None:
    plans = 0

    def counted(*_: object, **__: object) -> float:
        nonlocal plans
        plans += 1
        return 0.020

    monkeypatch.setattr(learning, "best_delay", counted)

    await races(succeeds(), 1020, state)

    assert plans == 1 + 1000 // 200


@on_virtual_clock
async def test_hedged_wins_do_not_ratchet_the_delay_up(state: HedgeState) -> None:
    weather = Weather(fail=1 / 3, hang=1 / 3, median=0.050)

    await races(weather, 1000, state)
    early = delay_of(state)
    await races(weather, 5000, state)

    assert early == pytest.approx(0.062, rel=0.2)
    assert delay_of(state) == pytest.approx(early, rel=0.2)


@on_virtual_clock
async def test_a_regime_thirty_times_slower_than_learned_still_succeeds_and_is_learned(
    state: HedgeState,
) -> None:
    weather = Weather(fail=1 / 3, hang=1 / 3, median=0)
    await races(weather, 1000, state)

    weather.median = 0.300
    in_slow_weather = await races(weather, 1500, state)

    assert max(in_slow_weather) < 15
    assert sum(in_slow_weather[-500:]) / 500 < 1.0
    assert delay_of(state) > 0.100


@on_virtual_clock
async def test_each_stage_learns_for_itself(state: HedgeState) -> None:
    await races(Weather(fail=0, hang=0.5, median=0), 100, state)

    assert delay_of(state) == learning.SHORTEST_DELAY.total_seconds()
    assert state.stage("another").delay.seconds == 0.050


@on_virtual_clock
async def test_a_dear_call_waits_longer_than_a_cheap_one() -> None:
    cheap, dear = (HedgeState(price=timedelta(milliseconds=price)) for price in (5, 500))

    for state in (cheap, dear):
        await races(Weather(fail=0, hang=0.5, median=0.050), 500, state)

    assert delay_of(cheap) < 0.7 * delay_of(dear)
