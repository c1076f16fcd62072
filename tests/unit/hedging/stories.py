"""Random attempts for property tests: each does one thing, and what became of it is kept."""

from dataclasses import dataclass
from random import Random

from domain.faults import FlakyFault
from tests.unit.hedging.scripts import Script, Step, cancels_itself, fails, hangs, ignores_cancels, succeeds


class BugError(Exception):
    """What no other attempt can mend."""


@dataclass(frozen=True)
class Deed:
    """What one attempt does, and when."""

    kind: str
    after: float

    def step(self, value: object) -> Step:
        match self.kind:
            case "succeeds":
                return succeeds(value, after=self.after)
            case "fails":
                return fails(FlakyFault(), after=self.after)
            case "breaks":
                return fails(BugError(), after=self.after)
            case "cancels itself":
                return cancels_itself(after=self.after)
            case "ignores cancels":
                return ignores_cancels(for_seconds=self.after, value=value)
            case _:
                return hangs()


KINDS = ("succeeds", "fails", "breaks", "cancels itself", "ignores cancels", "hangs")
WEIGHTS = (20, 30, 1, 3, 3, 30)
MOMENTS = (0.0, 0.0, 0.001, 0.01, 0.05, 0.1, 0.2, 0.4, 1.0)


def random_deeds(rng: Random) -> list[Deed]:
    """Up to 30 attempts in weather of the usual kind, now and then a bug or a discourtesy."""
    kinds = rng.choices(KINDS, WEIGHTS, k=rng.randint(1, 30))
    return [Deed(kind, rng.choice(MOMENTS)) for kind in kinds]


def script_of(deeds: list[Deed], owner: object) -> Script:
    """Attempt n of `owner` succeeds with (owner, n), so that a crossed winner shows."""
    return Script(tuple(deed.step((owner, number)) for number, deed in enumerate(deeds, start=1)))
