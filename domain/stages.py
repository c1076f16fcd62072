"""The eight stages of an order and how far an order has come through them."""

from dataclasses import dataclass
from enum import Enum


class Stage(Enum):
    """One of the eight facts that become true of an order, in this order."""

    ORDER_RECEIVED = "order_received"
    ORDER_VALIDATED = "order_validated"
    ORDER_REVIEWED = "order_reviewed"
    PAYMENT_CHARGED = "payment_charged"
    PACKAGE_PREPARED = "package_prepared"
    CARRIER_DISPATCHED = "carrier_dispatched"
    ORDER_SHIPPED = "order_shipped"
    ORDER_DELIVERED = "order_delivered"

    @property
    def number(self) -> int:
        """1 for the first stage to 8 for the last."""
        return _NUMBERS[self]

    @property
    def predecessor(self) -> "Stage | None":
        """The stage that must be reached before this one; None before the first."""
        return _PREDECESSORS[self]

    @property
    def successor(self) -> "Stage | None":
        """The stage that comes after this one; None after the last."""
        return _SUCCESSORS[self]

    def __ge__(self, other: "Stage") -> bool:
        return self.number >= other.number

    def __gt__(self, other: "Stage") -> bool:
        return self.number > other.number

    def __le__(self, other: "Stage") -> bool:
        return self.number <= other.number

    def __lt__(self, other: "Stage") -> bool:
        return self.number < other.number


_NUMBERS = {stage: number for number, stage in enumerate(Stage, start=1)}
_PREDECESSORS: dict[Stage, Stage | None] = dict(zip(Stage, [None, *Stage], strict=False))
_SUCCESSORS: dict[Stage, Stage | None] = dict(zip(Stage, [*list(Stage)[1:], None], strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What an order has begun and what it has reached; begun is never behind reached."""

    begun: Stage | None = None
    reached: Stage | None = None

    def has_begun(self, stage: Stage) -> bool:
        return self.begun is not None and self.begun >= stage

    def has_reached(self, stage: Stage) -> bool:
        return self.reached is not None and self.reached >= stage

    def beginning(self, stage: Stage) -> "Progress":
        """A stage that had begun before, in an earlier try, moves nothing back."""
        return Progress(begun=_later(self.begun, stage), reached=self.reached)

    def reaching(self, stage: Stage) -> "Progress":
        return Progress(begun=_later(self.begun, stage), reached=_later(self.reached, stage))

    def joined_with(self, other: "Progress") -> "Progress":
        """What either of the two knows."""
        return Progress(begun=_later(self.begun, other.begun), reached=_later(self.reached, other.reached))

    def is_in_flight(self, stage: Stage) -> bool:
        return self.begun is stage and not self.has_reached(stage)


def _later(one: Stage | None, other: Stage | None) -> Stage | None:
    return max((stage for stage in (one, other) if stage is not None), default=None)
