"""What is handed to workflows and activities, and what they hand back."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.orders import Address, OrderId
from domain.stages import Progress, Stage
from domain.status import OrderStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRules:
    """How long an order waits for its reviewer.

    `approve_after` set: a simulated reviewer approves by then. None: a person must decide before `deadline`.
    """

    approve_after: timedelta | None
    deadline: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where the books say an order stands whose workflow was lost.

    `was_rejected`: a reviewer turned it down, and it has not ended yet.
    """

    status: OrderStatus
    reached: Stage | None
    was_rejected: bool

    @property
    def progress(self) -> Progress:
        """The next stage may have begun, so it counts as begun: doors stay closed that may have closed."""
        reached = Progress(begun=self.reached, reached=self.reached)
        following = Stage.ORDER_RECEIVED if self.reached is None else self.reached.successor
        return reached if following is None else reached.beginning(following)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderStart:
    """An order as its workflow receives it; the rules are those of the moment it was placed.

    `standing` is None unless an earlier workflow of the order was lost.
    """

    order_id: OrderId
    address: Address
    budget: timedelta
    review: ReviewRules
    standing: Standing | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderOutcome:
    """How an order ended."""

    order_id: OrderId
    status: OrderStatus
    stage: Stage | None
    sla_breached: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippingStart:
    """Prepare and dispatch; `due_at` is when the order's budget ends."""

    order_id: OrderId
    address: Address
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippingOutcome:
    """How far the child came; it neither raises nor compensates, that is its parent's to decide."""

    progress: Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippingAnswer:
    """The child's word on an address change."""

    command_id: str
    accepted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnOutcome:
    """What was decided about a return; a refusal has its code and says why."""

    refund_cents: int | None = None
    refusal_code: str | None = None
    refusal_message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StageTask:
    """Bring the order to its next stage, or undo one.

    `race` bounds one race of the flaky call; `due_at` is when the order's budget ends; `at` is the
    workflow's time, for what must be written the same however often it is tried. `patience` is how long
    the races and the pauses after them may take in all before the stage is given up; None: never.
    `reason`: why the order ends, where a refund ends it; an end without one is told it apart.
    """

    order_id: OrderId
    race: timedelta
    at: datetime
    due_at: datetime
    patience: timedelta | None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """Whether the charge took place, now that no later one can."""

    charged: bool
