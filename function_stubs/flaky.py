"""The only dice: a third of all calls fail, a third hang, a third succeed."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto
from random import Random
from typing import Protocol

from domain.faults import FlakyFault
from domain.weather import Weather

# Far beyond any deadline: whoever waits for it has already lost.
HANG = timedelta(seconds=300)


class Outcome(Enum):
    """What becomes of one call."""

    FAIL = auto()
    HANG = auto()
    SUCCEED = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Roll:
    """An outcome, and how long a success takes."""

    outcome: Outcome
    latency: timedelta = timedelta()


class Dice(Protocol):
    """Decides a call's outcome; a test scripts it."""

    def roll(self, call: str) -> Roll:
        """Return the outcome of the next call of that name."""


class WeightedDice:
    """Fails and hangs in the shares of the weather at that moment; succeeds otherwise."""

    def __init__(self, *, weather: Callable[[], Weather], random: Random) -> None:
        self._weather = weather
        self._random = random

    def roll(self, call: str) -> Roll:  # noqa: ARG002 - one weather for all
        weather, thrown = self._weather(), self._random.random()
        if thrown < weather.fail:
            return Roll(outcome=Outcome.FAIL)
        if thrown < weather.fail + weather.hang:
            return Roll(outcome=Outcome.HANG)
        return Roll(outcome=Outcome.SUCCEED, latency=weather.latency)


async def flaky_call(dice: Dice, call: str) -> None:
    """Return at once, fail at once with FlakyFault, or hang for 300 s and fail then."""
    roll = dice.roll(call)
    match roll.outcome:
        case Outcome.FAIL:
            raise FlakyFault(f"{call} failed")
        case Outcome.HANG:
            await asyncio.sleep(HANG.total_seconds())
            raise FlakyFault(f"{call} hung")
        case Outcome.SUCCEED:
            await asyncio.sleep(roll.latency.total_seconds())
