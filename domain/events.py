"""What is written down about an order, and by whom."""

from dataclasses import dataclass
from enum import StrEnum


class EventType(StrEnum):
    """What an event says happened."""

    STAGE_REACHED = "stage_reached"
    COMMAND_ACCEPTED = "command_accepted"
    COMMAND_REFUSED = "command_refused"
    COMPENSATED = "compensated"
    ENDED = "ended"


class Command(StrEnum):
    """What a customer or a reviewer may tell an order."""

    CANCEL = "cancel"
    CHANGE_ADDRESS = "change_address"
    REVIEW = "review"
    RETURN = "return"


class PaymentKind(StrEnum):
    """Which way the money went."""

    CHARGE = "charge"
    REFUND = "refund"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandNote:
    """What was decided about a command: `decision` is ACCEPTED, a reviewer's verdict or a refusal's code."""

    command: Command
    command_id: str
    decision: str
    actor: str
    accepted: bool = True
    reason: str | None = None


ACCEPTED = "accepted"

SYSTEM = "system"
CUSTOMER = "customer"
SIMULATED_REVIEWER = "simulated-reviewer"
