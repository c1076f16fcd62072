"""What the races of a worker share: what each stage learned and may spend, and one ceiling for all."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any

from hedging.learning import LearnedDelay
from hedging.odds import Odds
from hedging.records import Attempt, Cause, Outcome
from hedging.tokens import Ceiling, Probes, TokenBucket


@dataclass(slots=True, kw_only=True)
class StageState:
    """One stage's share. `strays` are the attempts that outlived their races by ignoring a cancel."""

    ceiling: Ceiling
    delay: LearnedDelay
    bucket: TokenBucket = field(default_factory=TokenBucket)
    probes: Probes = field(default_factory=Probes)
    odds: Odds = field(default_factory=Odds)
    strays: "set[asyncio.Task[Any]]" = field(default_factory=set)

    def admit(self, cause: Cause, now: float, *, adds_one: bool) -> Cause | None:
        """The cause an extra attempt may start for: its own, a probe, or None with nothing to spend.

        `adds_one` says that it would run beside the race's first, in no other's place.
        """
        if adds_one and self.ceiling.is_reached:
            return None
        is_outage = self.odds.are_of_an_outage
        if not is_outage and self.bucket.take():
            return cause
        return Cause.PROBE if self.probes.take(now, slow_down=is_outage) else None

    def launched(self, attempt: Attempt) -> None:
        self.odds.launched(attempt.cause)
        if attempt.cause is Cause.FIRST:
            self.probes.first_attempt(attempt.started)
        if attempt.slot > 0:
            self.ceiling.in_flight += 1

    def ended(self, attempt: Attempt, now: float) -> None:
        """Take the lesson of an attempt whose outcome is known."""
        self.delay.learn(attempt, attempt.age(now))
        if attempt.slot > 0:
            self.ceiling.in_flight -= 1
        if attempt.outcome is Outcome.WON:
            self.odds.success()
            self.bucket.earn()
            self.probes.success()

    def keep_stray(self, attempt: Attempt) -> None:
        """Hold on to a task that nobody waits for any more; until it ends it counts as an extra attempt."""
        self.strays.add(attempt.task)
        self.ceiling.in_flight += 1
        attempt.task.add_done_callback(self._stray_ended)

    def _stray_ended(self, task: "asyncio.Task[Any]") -> None:
        self.strays.discard(task)
        self.ceiling.in_flight -= 1
        if not task.cancelled():
            task.exception()


@dataclass(slots=True, kw_only=True)
class HedgeState:
    """`price`: what an extra call is worth in order latency; `extra_attempts`: the most in flight at once."""

    price: timedelta = timedelta(milliseconds=50)
    extra_attempts: int = 256
    _stages: dict[str, StageState] = field(init=False, default_factory=dict)
    _ceiling: Ceiling = field(init=False)

    def __post_init__(self) -> None:
        self._ceiling = Ceiling(self.extra_attempts)

    def stage(self, name: str) -> StageState:
        """The state of that name, made when first asked for."""
        if name not in self._stages:
            delay = LearnedDelay(price=self.price)
            self._stages[name] = StageState(ceiling=self._ceiling, delay=delay)
        return self._stages[name]


@cache
def process_state() -> HedgeState:
    """What is learned outside any scope, or in one without a state: it lives as long as the process."""
    return HedgeState()
