"""The delay of one stage: fixed while it warms up, then learned from every attempt's end."""

import sys
from dataclasses import dataclass, field
from datetime import timedelta

from hedging.latency import LatencyHistogram
from hedging.plan import best_delay
from hedging.records import Attempt, Outcome

WARM_UP_DELAY = timedelta(milliseconds=50)
WARM_UP_SUCCESSES = 20

# The search costs milliseconds, so it is paid by many successes.
SUCCESSES_A_PLAN = 200

# Of what was known at one plan, so much counts at the next: new weather has the majority after three.
KEPT_A_PLAN = 0.75

# A call that ends at once is heard before any timer, so this only has to be longer than a turn of the event
# loop: every stage waits for it once, on average, where a third of all calls hang. Timers on Windows tick
# every 15.6 ms.
SHORTEST_DELAY = timedelta(milliseconds=20 if sys.platform == "win32" else 2)
LONGEST_DELAY = timedelta(milliseconds=400)


@dataclass(slots=True, kw_only=True)
class LearnedDelay:
    """`seconds` is the delay in force. `hedges` is that of the last race, which the next plan is made for."""

    price: timedelta
    seconds: float = WARM_UP_DELAY.total_seconds()
    hedges: int = 7
    latency: LatencyHistogram = field(default_factory=LatencyHistogram)
    failed: float = 0.0
    not_failed: float = 0.0
    successes_to_plan: int = WARM_UP_SUCCESSES

    def learn(self, attempt: Attempt, age_seconds: float) -> None:
        """Take the lesson of an attempt whose outcome is known."""
        if attempt.outcome is Outcome.FAILED:
            self.failed += 1
            return
        self.not_failed += 1
        if attempt.dismissed_as is not None:
            self.latency.add_unfinished(age_seconds)
            return
        self.latency.add_success(age_seconds)
        self.successes_to_plan -= 1
        if self.successes_to_plan <= 0:
            self._plan()

    def _plan(self) -> None:
        """A launch that fails is launched again, so the price of a launch includes its failures."""
        launches_each = 1 + self.failed / self.not_failed
        self.seconds = best_delay(
            self.latency.hazard(),
            hedges=max(2, self.hedges),
            price_seconds=self.price.total_seconds() * launches_each,
            shortest_seconds=SHORTEST_DELAY.total_seconds(),
            longest_seconds=LONGEST_DELAY.total_seconds(),
        )
        self.successes_to_plan = SUCCESSES_A_PLAN
        self._fade()

    def _fade(self) -> None:
        self.latency.fade(KEPT_A_PLAN)
        self.failed *= KEPT_A_PLAN
        self.not_failed *= KEPT_A_PLAN
