"""One history of an order: what stands in the books, then what Temporal still has to do."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from api.answers import Moment
from api.context import AnOrderId, TheDesk
from api.desk import Desk
from api.errors import OrderNotFound
from api.live import Pending, find_pending
from api.responses import NOT_FOUND
from db.models import Event, Payment
from db.reads import WholeOrder, find_whole_order, snapshot
from domain.events import ACCEPTED, Command, EventType, PaymentKind
from domain.orders import return_workflow_id
from domain.stages import Stage
from domain.status import OrderStatus

router = APIRouter(tags=["orders"])

NOT_KNOWN = "Temporal did not answer: what is being tried at the moment is not known"

# What is written about the stage of the charge in the transaction that writes the payment.
MOVED_WITH = {PaymentKind.CHARGE: EventType.STAGE_REACHED, PaymentKind.REFUND: EventType.COMPENSATED}

What = Literal[
    "order_placed",
    "stage_reached",
    "command_accepted",
    "command_refused",
    "charged",
    "refunded",
    "compensated",
    "ended",
    "pending",
]


class Effort(BaseModel):
    """What a flaky call has cost: the activity's attempts, and the calls launched in all of them."""

    model_config = ConfigDict(from_attributes=True)

    attempts: int | None = None
    launched: int | None = None
    failed: int | None = None
    hung: int | None = None
    cancelled: int | None = None
    won_by: int | None = None
    milliseconds: int | None = None


class TimelineEntry(BaseModel):
    """One thing that happened, or `pending`: is still being tried, and how its last attempt failed."""

    at: Moment | None
    what: What
    stage: str | None = None
    status: str | None = None
    command: str | None = None
    decision: str | None = None
    actor: str | None = None
    reason: str | None = None
    amount_cents: int | None = None
    activity: str | None = None
    last_failure: str | None = None
    effort: Effort | None = None


class Timeline(BaseModel):
    """All that is known of an order, in the order in which it happened; `note` says what is not known."""

    order_id: int
    status: OrderStatus
    stage: str | None
    note: str | None
    entries: list[TimelineEntry]


@router.get("/orders/{order_id}/timeline", summary="order_timeline", responses=NOT_FOUND)
async def order_timeline(order_id: AnOrderId, desk: TheDesk) -> Timeline:
    """Tell one history: the events, the commands, what each stage cost, and what is still being tried."""
    whole = await desk.db.read(partial(find_whole_order, order_id=order_id))
    if whole is None:
        raise OrderNotFound(order_id)
    if snapshot(whole.order).status.is_ended:
        return _told(whole, [], note=None)
    pending = await find_pending(desk.link, _workflow_at_work(desk, whole))
    return _told(whole, pending or [], note=NOT_KNOWN if pending is None else None)


def _workflow_at_work(desk: Desk, whole: WholeOrder) -> str:
    """A return is paid back by a workflow of its own."""
    order = snapshot(whole.order)
    if order.status is OrderStatus.RETURNING:
        for event in whole.events:
            if (event.command, event.decision) == (Command.RETURN, ACCEPTED):
                return return_workflow_id(desk.tag, order.order_id, event.command_id or "")
    return order.workflow_id


def _told(whole: WholeOrder, pending: Sequence[Pending], note: str | None) -> Timeline:
    order = whole.order
    placed = TimelineEntry(at=order.created_at, what="order_placed", amount_cents=order.amount_cents)
    return Timeline(
        order_id=order.id,
        status=OrderStatus(order.status),
        stage=order.stage,
        note=note,
        entries=[placed, *_written(whole), *(_being_tried(one) for one in pending)],
    )


def _written(whole: WholeOrder) -> Iterator[TimelineEntry]:
    """The events in their order, each followed by the payment that was written with it."""
    for event in whole.events:
        yield _happened(event)
        yield from (_moved(payment) for payment in whole.payments if _is_of(event, payment))


def _is_of(event: Event, payment: Payment) -> bool:
    moved_with = MOVED_WITH[PaymentKind(payment.kind)]
    return (event.type, event.stage) == (moved_with, Stage.PAYMENT_CHARGED.value)


def _happened(event: Event) -> TimelineEntry:
    return TimelineEntry(
        at=event.at,
        what=EventType(event.type).value,
        stage=event.stage,
        status=event.status,
        command=event.command,
        decision=event.decision,
        actor=event.actor,
        reason=event.reason,
        effort=None if event.attempts is None else Effort.model_validate(event),
    )


def _moved(payment: Payment) -> TimelineEntry:
    what = "charged" if payment.kind == PaymentKind.CHARGE else "refunded"
    return TimelineEntry(at=payment.at, what=what, amount_cents=payment.amount_cents)


def _being_tried(pending: Pending) -> TimelineEntry:
    effort = {"attempts": pending.attempt, **(pending.figures or {})}
    return TimelineEntry(
        at=pending.since,
        what="pending",
        activity=pending.activity,
        last_failure=pending.last_failure,
        effort=Effort.model_validate(effort),
    )
