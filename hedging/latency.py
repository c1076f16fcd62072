"""How long a success takes, learned also from the attempts that were not given the time to show it."""

from dataclasses import dataclass, field
from math import log

# 100 buckets, each a seventh wider than the one before, from 0.1 ms to a minute.
BUCKETS = 100
SHORTEST_SECONDS = 1e-4
LONGEST_SECONDS = 60.0
BUCKETS_AN_E_FOLD = BUCKETS / log(LONGEST_SECONDS / SHORTEST_SECONDS)

# After the longest success seen, an attempt is as good as lost; infinity would make sums meaningless.
LEAST_SURVIVAL = 1e-6


def _position(seconds: float) -> float:
    """Where an age lies on the scale of buckets, with its fraction."""
    if seconds <= SHORTEST_SECONDS:
        return 0.0
    return min(BUCKETS - 1e-9, log(seconds / SHORTEST_SECONDS) * BUCKETS_AN_E_FOLD)


@dataclass(slots=True)
class LatencyHistogram:
    """Attempts by age: those that succeeded at it, and those last seen running at it.

    To leave the second kind out would make every success look fast; to time a success from its race's start
    would make it look slow. Failures say nothing of how long a success takes and are left out.
    """

    succeeded: list[float] = field(default_factory=lambda: [0.0] * BUCKETS)
    unfinished: list[float] = field(default_factory=lambda: [0.0] * BUCKETS)
    # Of its last bucket an unfinished attempt saw a part. Most are retired at one age, so it matters.
    seen_of_last: list[float] = field(default_factory=lambda: [0.0] * BUCKETS)

    def add_success(self, age_seconds: float) -> None:
        self.succeeded[int(_position(age_seconds))] += 1

    def add_unfinished(self, age_seconds: float) -> None:
        position = _position(age_seconds)
        bucket = int(position)
        self.unfinished[bucket] += 1
        self.seen_of_last[bucket] += position - bucket

    def fade(self, kept: float) -> None:
        """Let the past count for less, so that new weather is soon seen."""
        for counts in (self.succeeded, self.unfinished, self.seen_of_last):
            counts[:] = [count * kept for count in counts]

    def hazard(self) -> "Hazard":
        """The Kaplan-Meier estimate: of those who came to a bucket, and saw it, the share still running."""
        total, steps, beyond = 0.0, [0.0], sum(self.succeeded) + sum(self.unfinished)
        for succeeded, unfinished, seen in zip(
            self.succeeded, self.unfinished, self.seen_of_last, strict=True
        ):
            beyond = max(0.0, beyond - succeeded - unfinished)
            if succeeded:
                total -= log(max(LEAST_SURVIVAL, (beyond + seen) / (beyond + seen + succeeded)))
            steps.append(total)
        return Hazard(steps)


@dataclass(slots=True)
class Hazard:
    """The cumulative hazard of success by age: the odds of an attempt still to run are e ** -hazard."""

    at_edges: list[float]

    def at(self, age_seconds: float) -> float:
        """Interpolated within the bucket."""
        position = _position(age_seconds)
        bucket = int(position)
        low, high = self.at_edges[bucket], self.at_edges[bucket + 1]
        return low + (position - bucket) * (high - low)
