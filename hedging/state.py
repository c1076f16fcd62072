"""What the races of a worker share: what each stage learned and may spend, one ceiling."""

import asyncio
import sys
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any

from hedging.records import Attempt, Cause, Outcome
from hedging.tokens import Ceiling, ProbePace, TokenBucket

# Before anything is learned.
WARM_UP_DELAY = timedelta(milliseconds=50)

# Below this a delay would only measure the event loop; the timers of Windows tick every 15.6 ms.
SHORTEST_DELAY = timedelta(milliseconds=20 if sys.platform == "win32" else 10)


@dataclass(slots=True, kw_only=True)
class StageState:
    """One stage's share."""

    name: str
    ceiling: Ceiling
    delay_seconds: float = WARM_UP_DELAY.total_seconds()
    bucket: TokenBucket = field(default_factory=TokenBucket)
    probes: ProbePace = field(default_factory=ProbePace)

    strays: "set[asyncio.Task[Any]]" = field(default_factory=set)

    def admit(self, cause: Cause, now: float, *, adds_one: bool) -> Cause | None:
        """The cause an extra attempt may start for: its own, a probe, or None with nothing to spend.

        `adds_one` says that it would run beside the race's first, in no other's place.
        """
        if adds_one and self.ceiling.is_reached:
            return None
        if self.bucket.take():
            return cause
        return Cause.PROBE if self.probes.take(now) else None

    def launched(self, attempt: Attempt) -> None:
        if attempt.slot > 0:
            self.ceiling.in_flight += 1

    def learn(self, attempt: Attempt) -> None:
        """Take the lesson of an attempt whose outcome is known."""
        if attempt.slot > 0:
            self.ceiling.in_flight -= 1
        if attempt.outcome is Outcome.WON:
            self.bucket.earn()
            self.probes.relax()

    def keep_stray(self, attempt: Attempt) -> None:
        """Hold on to a task that nobody waits for any more until it ends, its error with it."""
        self.strays.add(attempt.task)
        attempt.task.add_done_callback(self._stray_ended)

    def _stray_ended(self, task: "asyncio.Task[Any]") -> None:
        self.strays.discard(task)
        if not task.cancelled():
            task.exception()


@dataclass(slots=True, kw_only=True)
class HedgeState:
    """`price`: what an extra call is worth in order latency; `extra_attempts`: the most in flight at once."""

    price: timedelta = timedelta(milliseconds=50)
    extra_attempts: int = 256
    _stages: dict[str, StageState] = field(default_factory=dict)
    _ceiling: Ceiling = field(init=False)

    def __post_init__(self) -> None:
        self._ceiling = Ceiling(self.extra_attempts)

    def stage(self, name: str) -> StageState:
        """The state of that name, made when first asked for."""
        if name not in self._stages:
            self._stages[name] = StageState(name=name, ceiling=self._ceiling)
        return self._stages[name]


@cache
def process_state() -> HedgeState:
    """What is learned outside any scope, or in one without a state: it lives as long as the process."""
    return HedgeState()
