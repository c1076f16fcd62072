"""The exercise's flaky call: a third fail, a third hang, a third succeed."""

import asyncio
from collections import Counter
from datetime import timedelta
from random import Random

import pytest

from domain.faults import FlakyFault
from domain.weather import Weather
from function_stubs.flaky import HANG, Outcome, Roll, WeightedDice, flaky_call
from tests.unit.hedging.scripts import on_virtual_clock

THROWS = 30_000


def weighted(fail: float, hang: float, *, seed: int = 4) -> WeightedDice:
    weather = Weather(fail=fail, hang=hang, latency=timedelta(milliseconds=50), hedges=None)
    return WeightedDice(weather=lambda: weather, random=Random(seed))


class LoadedDice:
    """Always falls the same way."""

    def __init__(self, outcome: Outcome, latency: timedelta = timedelta()) -> None:
        self._roll = Roll(outcome=outcome, latency=latency)

    def roll(self, call: str) -> Roll:
        return self._roll


@pytest.mark.parametrize(("fail", "hang"), [(1 / 3, 1 / 3), (0.02, 0.65), (0.9, 0.1)])
def test_calls_fail_and_hang_in_the_shares_that_were_asked_for(fail: float, hang: float) -> None:
    dice = weighted(fail, hang)

    seen = Counter(dice.roll("charge").outcome for _ in range(THROWS))

    assert seen[Outcome.FAIL] / THROWS == pytest.approx(fail, abs=0.01)
    assert seen[Outcome.HANG] / THROWS == pytest.approx(hang, abs=0.01)
    assert seen.total() == THROWS


@pytest.mark.parametrize(
    ("fail", "hang", "only"), [(1, 0, Outcome.FAIL), (0, 1, Outcome.HANG), (0, 0, Outcome.SUCCEED)]
)
def test_a_share_of_one_is_every_call(fail: float, hang: float, only: Outcome) -> None:
    dice = weighted(fail, hang)

    assert {dice.roll("charge").outcome for _ in range(100)} == {only}


def test_the_same_seed_throws_the_same_dice() -> None:
    one, same, other = (weighted(1 / 3, 1 / 3, seed=seed) for seed in (7, 7, 8))

    thrown = [[dice.roll("charge") for _ in range(50)] for dice in (one, same, other)]

    assert thrown[0] == thrown[1] != thrown[2]


def test_only_a_success_takes_time() -> None:
    dice = weighted(1 / 3, 1 / 3)

    taken = {(roll.outcome, roll.latency) for roll in (dice.roll("charge") for _ in range(100))}

    assert taken == {
        (Outcome.FAIL, timedelta()),
        (Outcome.HANG, timedelta()),
        (Outcome.SUCCEED, timedelta(milliseconds=50)),
    }


@on_virtual_clock
async def test_a_call_that_fails_does_so_at_once() -> None:
    with pytest.raises(FlakyFault, match="charge failed"):
        await flaky_call(LoadedDice(Outcome.FAIL), "charge")

    assert asyncio.get_running_loop().time() == 0


@on_virtual_clock
async def test_a_call_that_hangs_fails_only_after_five_minutes() -> None:
    with pytest.raises(FlakyFault, match="charge hung"):
        await flaky_call(LoadedDice(Outcome.HANG), "charge")

    assert asyncio.get_running_loop().time() == HANG.total_seconds() == 300


@on_virtual_clock
async def test_a_call_that_succeeds_returns_after_its_latency() -> None:
    await flaky_call(LoadedDice(Outcome.SUCCEED, timedelta(seconds=0.2)), "charge")

    assert asyncio.get_running_loop().time() == pytest.approx(0.2)
