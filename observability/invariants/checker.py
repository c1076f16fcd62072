"""All invariants at once."""

from observability.invariants.api import API
from observability.invariants.commands import COMMANDS
from observability.invariants.evidence import Evidence
from observability.invariants.hedging import HEDGING
from observability.invariants.invariant import Invariant, Violation
from observability.invariants.liveness import LIVENESS
from observability.invariants.money import MONEY
from observability.invariants.stages import STAGES
from observability.invariants.temporal import TEMPORAL

ALL: tuple[type[Invariant], ...] = (
    *MONEY,
    *STAGES,
    *COMMANDS,
    *API,
    *HEDGING,
    *TEMPORAL,
    *LIVENESS,
)


# Not a claim of its own: whatever holds at the end holds inside every dump that is taken in the middle.
IN_A_DUMP = "A4"


def check(evidence: Evidence) -> list[Violation]:
    """Return every violation, in the order of the invariants' names."""
    return [violation for kind in ALL for violation in kind().violations(evidence)]


def check_dump(dump: Evidence) -> list[Violation]:
    """Return every violation inside a db-dump that was taken in the middle of a run."""
    return [
        Violation(invariant=IN_A_DUMP, what=f"in a dump: {found}", order_id=found.order_id)
        for found in check(dump)
    ]
