"""Refusals: a rule says no, in words the customer may hear. Never retried, never logged as an error."""

from domain.stages import Stage
from domain.status import OrderStatus


class Refusal(Exception):
    """A command that a rule turned down.

    `code` is stable and part of the HTTP contract; the message also says what can be done instead.
    """

    code: str = "REFUSED"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code


class AlreadyDecided(Refusal):
    """The order has ended, or is being undone or returned: its code is ALREADY_<STATUS>."""

    def __init__(self, status: OrderStatus) -> None:
        super().__init__(f"the order is already {status}", code=f"ALREADY_{status.upper()}")


class TooLateToCancel(Refusal):
    """Shipping has begun."""

    code = "TOO_LATE"

    def __init__(self, begun: Stage) -> None:
        super().__init__(f"{begun.value} has begun; return the order once it is delivered")


class AddressLocked(Refusal):
    """The carrier has the label, or is about to."""

    code = "ADDRESS_LOCKED"

    def __init__(self) -> None:
        super().__init__("the carrier's dispatch has begun: the address can no longer change")


class TooManyAddressChanges(Refusal):
    """Each change costs the order's workflow a place that a cancellation may need."""

    code = "TOO_MANY_ADDRESS_CHANGES"

    def __init__(self, most: int) -> None:
        super().__init__(f"an order's address changes at most {most} times; cancel it and place another")


class NotAwaitingReview(Refusal):
    """The order has not come to its review yet."""

    code = "NOT_AWAITING_REVIEW"

    def __init__(self) -> None:
        super().__init__("the order is not waiting for a review")


class AlreadyReviewed(Refusal):
    """A reviewer, or the simulated one, decided first."""

    code = "ALREADY_REVIEWED"

    def __init__(self) -> None:
        super().__init__("the order has been reviewed already")


class NotShipped(Refusal):
    """There is nothing to send back yet."""

    code = "NOT_SHIPPED"

    def __init__(self) -> None:
        super().__init__("the order has not been shipped; cancel it instead")


class NotDeliveredYet(Refusal):
    """The package is on its way to the customer."""

    code = "NOT_DELIVERED_YET"

    def __init__(self) -> None:
        super().__init__("the order is on its way; return it once it is delivered")


class ReturnWindowClosed(Refusal):
    """The return was asked for too long after shipping."""

    code = "RETURN_WINDOW_CLOSED"

    def __init__(self, window_seconds: float) -> None:
        super().__init__(f"more than {window_seconds:g} seconds have passed since the order was shipped")


class OrderInvalid(Refusal):
    """Validation turned the order down."""

    code = "ORDER_INVALID"


class ChargeVoided(Refusal):
    """The provider was told never to charge this order, before this charge arrived."""

    code = "CHARGE_VOIDED"

    def __init__(self) -> None:
        super().__init__("the order's charge has been settled without charging")


class DispatchRecalled(Refusal):
    """The carrier was told never to take this package, before this dispatch arrived."""

    code = "DISPATCH_RECALLED"

    def __init__(self) -> None:
        super().__init__("the package has been recalled before its dispatch")


class KeyReused(Refusal):
    """The key was used before, for something else."""

    code = "IDEMPOTENCY_KEY_REUSED"

    def __init__(self) -> None:
        super().__init__("this Idempotency-Key belongs to another request; send a new one")


class StillRunning(Refusal):
    """The same request is being worked on; its answer will stand under its key."""

    code = "IN_PROGRESS"

    def __init__(self) -> None:
        super().__init__("the same request is still being worked on; ask again with the same Idempotency-Key")
