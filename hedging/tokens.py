"""What extra attempts may cost: tokens earned by successes, a trickle of probes without, a ceiling."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(slots=True)
class TokenBucket:
    """An extra attempt costs one token; it starts full.

    Healthy weather earns more than it spends (a success at odds of 1/3 costs two extra attempts); an outage
    earns nothing, so all its orders together cannot spend more than the capacity.
    """

    capacity: int = 200
    earned_by_success: int = 6
    tokens: int = 200

    def earn(self) -> None:
        self.tokens = min(self.capacity, self.tokens + self.earned_by_success)

    def take(self) -> bool:
        """Whether there was a token to take."""
        if self.tokens <= 0:
            return False
        self.tokens -= 1
        return True


@dataclass(slots=True)
class ProbePace:
    """Without tokens, one extra attempt of the stage now and then, each half a gap later than the last."""

    first_gap: timedelta = timedelta(milliseconds=50)
    longest_gap: timedelta = timedelta(seconds=2)
    growth: float = 1.5
    next_at: float = 0.0
    gap_seconds: float = 0.05

    def take(self, now: float) -> bool:
        """Whether a probe is due at `now`; if so, the next one is later."""
        if now < self.next_at:
            return False
        self.next_at = now + self.gap_seconds
        self.gap_seconds = min(self.longest_gap.total_seconds(), self.gap_seconds * self.growth)
        return True

    def relax(self) -> None:
        """The weather is good: the next dry spell begins with the first gap."""
        self.gap_seconds = self.first_gap.total_seconds()


@dataclass(slots=True)
class Ceiling:
    """How many extra attempts may be in flight at once in a worker; first attempts are not counted."""

    limit: int
    in_flight: int = 0

    @property
    def is_reached(self) -> bool:
        return self.in_flight >= self.limit
