"""What an order may be told, and the rules that accept or refuse it.

Each rule is a pure function of the order's status and of what it has begun and reached. The workflow that
holds the stage applies it; once no workflow of the order decides any more, the API applies it to the row.

May import: domain.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.orders import Address, OrderId
from domain.refusals import (
    AddressLocked,
    AlreadyDecided,
    AlreadyReviewed,
    NotAwaitingReview,
    NotDeliveredYet,
    NotShipped,
    ReturnWindowClosed,
    TooLateToCancel,
    TooManyAddressChanges,
)
from domain.stages import Progress, Stage
from domain.status import OrderStatus

# The first stage whose beginning turns the command away.
CANCELLATION_CLOSES_AT = Stage.ORDER_SHIPPED
ADDRESS_LOCKS_AT = Stage.CARRIER_DISPATCHED

# The server takes ten Updates at once and 2,000 in all of one order. Changes that wait, or have been decided,
# always leave room for its cancellation and its review.
ADDRESS_CHANGES_TAKEN_UP = 8

# The signal by which a shipping child answers its parent.
SHIPPING_ANSWERED = "shipping_answered"

# A fire-and-forget signal has no caller to slow down, so the refusals it may write are bounded.
REFUSED_SIGNALS_RECORDED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancellation:
    """Stop the order and undo what was done."""

    command_id: str
    actor: str
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressChange:
    """Send the package elsewhere."""

    command_id: str
    actor: str
    address: Address


class Verdict(StrEnum):
    """A reviewer's decision."""

    APPROVE = "approve"
    REJECT = "reject"


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A reviewer's decision on a waiting order."""

    command_id: str
    verdict: Verdict
    reviewer: str
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnRequest:
    """Take a delivered order back; `requested_at` is when the API took the request."""

    order_id: OrderId
    command_id: str
    actor: str
    requested_at: datetime
    window: timedelta
    reason: str | None = None


class CancellationEffect(StrEnum):
    """What a cancellation does to the customer's money."""

    CANCELLED = "cancelled"
    CANCELLED_AND_REFUNDED = "cancelled_and_refunded"


def decide_cancellation(status: OrderStatus, progress: Progress) -> None:
    """Until shipping begins, stop the order; from then on, refuse."""
    _refuse_unless_in_progress(status)
    if progress.has_begun(CANCELLATION_CLOSES_AT):
        raise TooLateToCancel(progress.begun or CANCELLATION_CLOSES_AT)


def decide_address_change(status: OrderStatus, progress: Progress, *, earlier: int = 0) -> None:
    """Until the carrier's dispatch begins, the label can still be written anew; from then on, refuse.

    `earlier` changes have been taken up before this one, whatever was then decided about them.
    """
    _refuse_unless_in_progress(status)
    if progress.has_begun(ADDRESS_LOCKS_AT):
        raise AddressLocked
    if earlier >= ADDRESS_CHANGES_TAKEN_UP:
        raise TooManyAddressChanges(ADDRESS_CHANGES_TAKEN_UP)


def decide_review(status: OrderStatus, progress: Progress, *, reviewed: bool) -> None:
    """A review counts only while the order waits for one, and only once; it is never remembered."""
    _refuse_unless_in_progress(status)
    if not progress.has_begun(Stage.ORDER_REVIEWED):
        raise NotAwaitingReview
    if reviewed or progress.has_reached(Stage.ORDER_REVIEWED):
        raise AlreadyReviewed


def decide_return(
    status: OrderStatus,
    progress: Progress,
    *,
    shipped_at: datetime | None,
    requested_at: datetime,
    window: timedelta,
) -> None:
    """A completed order is taken back within `window` of its shipping, both ends included."""
    if status is OrderStatus.IN_PROGRESS:
        raise NotDeliveredYet if progress.has_reached(Stage.ORDER_SHIPPED) else NotShipped
    if status is not OrderStatus.COMPLETED or shipped_at is None:
        raise AlreadyDecided(status)
    if requested_at - shipped_at > window:
        raise ReturnWindowClosed(window.total_seconds())


def effect_of_cancelling(progress: Progress) -> CancellationEffect:
    """Money goes back if and only if it was taken; ask once a charge in flight has ended."""
    if progress.has_reached(Stage.PAYMENT_CHARGED):
        return CancellationEffect.CANCELLED_AND_REFUNDED
    return CancellationEffect.CANCELLED


def _refuse_unless_in_progress(status: OrderStatus) -> None:
    if status is not OrderStatus.IN_PROGRESS:
        raise AlreadyDecided(status)
