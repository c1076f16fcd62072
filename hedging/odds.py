"""Whether a stage's losses in a row are bad luck or an outage."""

from dataclasses import dataclass

from hedging.records import Cause

# In the usual weather a run of losses worth so many successes has odds below e ** -11; where a third of all
# calls succeed, of one in a million. A false alarm makes an order wait: rarer than the tail that is promised.
SUCCESSES_MISSED = 11

# What one success takes in the weather this is made for, until the stage has shown its own.
ATTEMPTS_A_SUCCESS = 3.0
WEIGHT_OF_ONE = 0.01

# An attempt that was joined or replaced by another has failed, or kept silent for too long.
LOST_ANOTHER = (Cause.ERROR, Cause.GAP, Cause.PROBE)


@dataclass(slots=True)
class Odds:
    """`attempts` counts the stage's launches since its last success, in whatever race.

    `losses` counts those of them that took over from another. An attempt that hangs is counted when the next
    one starts, not when it is told to end: with seven at a time that would be six attempts later.
    """

    losses: int = 0
    attempts: int = 0
    attempts_a_success: float = ATTEMPTS_A_SUCCESS

    @property
    def are_of_an_outage(self) -> bool:
        return self.losses > SUCCESSES_MISSED * self.attempts_a_success

    def launched(self, cause: Cause) -> None:
        self.attempts += 1
        self.losses += cause in LOST_ANOTHER

    def success(self) -> None:
        """The run is over; unless it was an outage, it says what a success takes."""
        if not self.are_of_an_outage:
            self.attempts_a_success += WEIGHT_OF_ONE * (self.attempts - self.attempts_a_success)
        self.losses = self.attempts = 0
