"""What has become of an order, apart from its stage."""

from enum import StrEnum


class OrderStatus(StrEnum):
    """Open: in_progress, cancelling, failing, returning. Every other status is an end."""

    IN_PROGRESS = "in_progress"
    CANCELLING = "cancelling"
    FAILING = "failing"
    RETURNING = "returning"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    EXPIRED = "expired"
    FAILED = "failed"
    RETURNED = "returned"

    @property
    def is_ended(self) -> bool:
        return self not in OPEN


OPEN = frozenset(
    {OrderStatus.IN_PROGRESS, OrderStatus.CANCELLING, OrderStatus.FAILING, OrderStatus.RETURNING}
)

# While the order's own workflow has the word: a return has another, and after an end there is none.
ITS_WORKFLOW_DECIDES = frozenset({OrderStatus.IN_PROGRESS, OrderStatus.CANCELLING, OrderStatus.FAILING})

# No order is one of these before its workflow has decided so. A return has a workflow of its own.
UNDONE = frozenset(
    {
        OrderStatus.CANCELLING,
        OrderStatus.CANCELLED,
        OrderStatus.FAILING,
        OrderStatus.FAILED,
        OrderStatus.REJECTED,
        OrderStatus.EXPIRED,
    }
)

# What an order is while it is on its way to an end that undoes something.
ON_THE_WAY_TO = {
    OrderStatus.CANCELLED: OrderStatus.CANCELLING,
    OrderStatus.FAILED: OrderStatus.FAILING,
    OrderStatus.RETURNED: OrderStatus.RETURNING,
}
