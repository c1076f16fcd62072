"""When a race launches its next attempt."""

from dataclasses import dataclass
from datetime import timedelta
from math import inf

from hedging.records import Cause
from hedging.state import StageState

# The gap grows by half after so many launches into silence, so that slow weather gets the time it needs.
LAUNCHES_A_STEP = 7
GROWTH_A_STEP = 1.5

# Errors replaced at once; each further one in a row costs a pause that doubles.
ERRORS_IN_A_ROW = 16
SHORTEST_PAUSE = timedelta(milliseconds=50)
LONGEST_PAUSE = timedelta(seconds=1)

# How soon a race that was denied an extra attempt asks again.
ASK_AGAIN = timedelta(milliseconds=100)


@dataclass(slots=True)
class Pace:
    """`next_at` is the loop's time of the next launch, unless an attempt ends before it."""

    stage: StageState
    next_at: float = inf
    into_silence: int = 0
    errors_in_a_row: int = 0

    def launched(self, cause: Cause, now: float) -> None:
        """The next launch is a gap later."""
        if cause is Cause.GAP:
            self.into_silence += 1
            self.errors_in_a_row = 0
        self.next_at = now + self._gap_seconds()

    def replaces_at_once(self, now: float) -> bool:
        """Whether a failed attempt is replaced at once; if not, the next launch is a pause later."""
        self.errors_in_a_row += 1
        beyond = self.errors_in_a_row - ERRORS_IN_A_ROW
        if beyond < 0:
            return True
        pause = SHORTEST_PAUSE.total_seconds() * 2 ** min(beyond, 10)
        self.next_at = now + min(pause, LONGEST_PAUSE.total_seconds())
        return False

    def rotated(self, now: float) -> None:
        """The oldest was told to end; should it not, the next to be told is a gap later."""
        self.next_at = now + self._gap_seconds()

    def denied(self, now: float) -> None:
        """The stage allows no extra attempt now."""
        self.next_at = now + max(self._gap_seconds(), ASK_AGAIN.total_seconds())

    def _gap_seconds(self) -> float:
        return self.stage.delay.seconds * GROWTH_A_STEP ** (self.into_silence // LAUNCHES_A_STEP)
