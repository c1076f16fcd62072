"""Flaky calls with dice of their own, which count what was done to them."""

import asyncio
from dataclasses import dataclass
from math import log
from random import Random

from domain.faults import FlakyFault

HANG_SECONDS = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """Shares of calls that fail at once and that hang; the rest succeed, after a latency if there is one."""

    name: str
    fail: float
    hang: float
    median_seconds: float = 0.0
    sigma: float = 0.5


MIXES = (
    Mix(name="A, instant", fail=1 / 3, hang=1 / 3),
    Mix(name="B, instant", fail=0.02, hang=0.65),
    Mix(name="A, 50 ms", fail=1 / 3, hang=1 / 3, median_seconds=0.050),
    Mix(name="B, 50 ms", fail=0.02, hang=0.65, median_seconds=0.050),
)


class FlakyStub:
    """Counts its attempts, its successes, who is inside it now, and who was when a call had returned."""

    def __init__(self, mix: Mix, seed: int) -> None:
        self.mix = mix
        self._dice = Random(seed)
        self.attempts = 0
        self.successes = 0
        self.running = 0
        self.leaked = 0

    async def call(self) -> None:
        self.attempts += 1
        self.running += 1
        try:
            await self._suffer()
        finally:
            self.running -= 1
        self.successes += 1

    async def _suffer(self) -> None:
        thrown = self._dice.random()
        if thrown < self.mix.fail:
            raise FlakyFault
        if thrown < self.mix.fail + self.mix.hang:
            await asyncio.sleep(HANG_SECONDS)
        if self.mix.median_seconds:
            await asyncio.sleep(self._dice.lognormvariate(log(self.mix.median_seconds), self.mix.sigma))
