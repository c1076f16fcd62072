"""What extra attempts may cost: tokens earned by successes, a trickle of probes without, a ceiling."""

from dataclasses import dataclass
from datetime import timedelta

# Without tokens a stage still looks up now and then; in an outage after ever longer gaps.
PROBE_EVERY = timedelta(milliseconds=50)
PROBE_AT_LEAST_EVERY = timedelta(seconds=2)
SLOWED_BY = 2.0


# At odds of one in three a success takes two extra attempts and earns more, so a bucket stays full in the
# weather it is made for; below odds of one in seven it runs dry.
CAPACITY = 200
EARNED_BY_SUCCESS = 6


@dataclass(slots=True)
class TokenBucket:
    """An extra attempt costs one token; it starts full."""

    tokens: int = CAPACITY

    def earn(self) -> None:
        self.tokens = min(CAPACITY, self.tokens + EARNED_BY_SUCCESS)

    def take(self) -> bool:
        """Whether there was a token to take."""
        if self.tokens == 0:
            return False
        self.tokens -= 1
        return True


@dataclass(slots=True)
class Probes:
    """`next_at` is the loop's time from which one more attempt may look whether the weather has changed."""

    next_at: float = 0.0
    gap_seconds: float = PROBE_EVERY.total_seconds()

    def take(self, now: float, *, slow_down: bool) -> bool:
        """Whether a probe is due; if so, the next is a gap later, which may grow."""
        if now < self.next_at:
            return False
        if slow_down:
            self.gap_seconds = min(SLOWED_BY * self.gap_seconds, PROBE_AT_LEAST_EVERY.total_seconds())
        self.next_at = now + self.gap_seconds
        return True

    def first_attempt(self, now: float) -> None:
        """A race's first attempt, which is always free, shows the weather as well as a probe."""
        self.next_at = max(self.next_at, now + self.gap_seconds)

    def success(self) -> None:
        self.gap_seconds = PROBE_EVERY.total_seconds()


@dataclass(slots=True)
class Ceiling:
    """How many extra attempts may be in flight at once in a worker; first attempts are not counted."""

    limit: int
    in_flight: int = 0

    @property
    def is_reached(self) -> bool:
        return self.in_flight >= self.limit
