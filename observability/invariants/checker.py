"""All invariants at once."""

from observability.invariants.api import API
from observability.invariants.commands import COMMANDS
from observability.invariants.evidence import Evidence
from observability.invariants.hedging import HEDGING
from observability.invariants.invariant import Invariant, Violation
from observability.invariants.money import MONEY
from observability.invariants.stages import STAGES

ALL: tuple[type[Invariant], ...] = (*MONEY, *STAGES, *COMMANDS, *API, *HEDGING)


def check(evidence: Evidence) -> list[Violation]:
    """Return every violation, in the order of the invariants' names."""
    return [violation for kind in ALL for violation in kind().violations(evidence)]
