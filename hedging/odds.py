"""Whether a stage's losses in a row are bad luck or an outage."""

from dataclasses import dataclass

from hedging.records import Attempt, Outcome

# In the usual weather a run of losses worth so many successes has odds below e ** -11; where a third of all
# calls succeed, of one in a million. A false alarm makes an order wait: rarer than the tail that is promised.
SUCCESSES_MISSED = 11

# What one success takes in the weather this is made for, until the stage has shown its own.
ATTEMPTS_A_SUCCESS = 3.0
WEIGHT_OF_ONE = 0.01


@dataclass(slots=True)
class Odds:
    """`losses` counts the stage's attempts that failed or hung since its last success, in whatever race.

    `attempts` counts those cancelled too: nothing is known of them, but they were made.
    """

    losses: int = 0
    attempts: int = 0
    attempts_a_success: float = ATTEMPTS_A_SUCCESS

    @property
    def are_of_an_outage(self) -> bool:
        return self.losses > SUCCESSES_MISSED * self.attempts_a_success

    def learn(self, attempt: Attempt) -> None:
        """Count a loss; or let a success end the run and, unless that was an outage, say what one takes."""
        self.attempts += 1
        if attempt.outcome in (Outcome.FAILED, Outcome.HUNG):
            self.losses += 1
        elif attempt.outcome is Outcome.WON:
            if not self.are_of_an_outage:
                self.attempts_a_success += WEIGHT_OF_ONE * (self.attempts - self.attempts_a_success)
            self.losses = self.attempts = 0
