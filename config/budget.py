"""The time an order may take, kept in its workflow and divided among the stages still to come."""

from dataclasses import dataclass
from datetime import datetime, timedelta

# A race shorter than this would give up on weather that a little patience outlasts.
SHORTEST_RACE = timedelta(seconds=2)

# A stage is given up only after this long, budget spent or not.
STAGE_PATIENCE = timedelta(seconds=30)


@dataclass(slots=True, kw_only=True)
class Budget:
    """`total` counted from `started_at`; time spent waiting for a human is given back."""

    started_at: datetime
    total: timedelta
    waited_for_human: timedelta = timedelta()

    def left(self, now: datetime) -> timedelta:
        """What remains; negative once it is spent."""
        return self.total - (now - self.started_at - self.waited_for_human)

    def is_spent(self, now: datetime) -> bool:
        return self.left(now) < timedelta()

    def race(self, now: datetime, stages_left: int) -> timedelta:
        """How long the next race may last: an equal share of what is left, never below the shortest."""
        return max(SHORTEST_RACE, min(STAGE_PATIENCE, self.left(now) / stages_left))
