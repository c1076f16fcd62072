"""The time an order may take, kept in its workflow and divided among the stages still to come."""

from dataclasses import dataclass
from datetime import datetime, timedelta

# A race shorter than this would give up on weather that a little patience outlasts.
SHORTEST_RACE = timedelta(seconds=2)

# A stage is given up only after this long, budget spent or not.
STAGE_PATIENCE = timedelta(seconds=30)

# Between two tries. Weather changes quickly and a race is polite by itself, so the next need not wait long.
FIRST_PAUSE, PAUSES_GROW, LONGEST_PAUSE = timedelta(milliseconds=50), 1.5, timedelta(seconds=1)


def paused_between(tries: int) -> timedelta:
    """How long the pauses after so many tries are in all."""
    paused, pause = timedelta(), FIRST_PAUSE
    for _ in range(tries):
        paused, pause = paused + pause, min(pause * PAUSES_GROW, LONGEST_PAUSE)
    return paused


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What is left until `due_at`; the moment moves on by the time spent waiting for a human."""

    due_at: datetime

    def left(self, now: datetime) -> timedelta:
        """Negative once it is spent."""
        return self.due_at - now

    def prolonged_by(self, wait: timedelta) -> "Budget":
        return Budget(due_at=self.due_at + wait)

    def race(self, now: datetime, stages_left: int) -> timedelta:
        """How long the next race may last: an equal share of what is left, never below the shortest."""
        return max(SHORTEST_RACE, min(STAGE_PATIENCE, self.left(now) / stages_left))
