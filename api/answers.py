"""What goes out over HTTP."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, PlainSerializer

from domain.status import OrderStatus
from signals import CancellationEffect, Verdict


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Moment = Annotated[datetime, PlainSerializer(_rfc3339, return_type=str)]


class OrderPlaced(BaseModel):
    """An order was taken in; its workflow is on its way."""

    order_id: int
    workflow_id: str
    status: OrderStatus
    stage: str | None


class CommandAnswer(BaseModel):
    """A command was accepted; `stage` is the last one reached."""

    order_id: int
    decision: Literal["accepted"] = "accepted"
    stage: str | None


class CancellationAnswer(CommandAnswer):
    """What the cancellation does to the customer's money."""

    status: OrderStatus
    effect: CancellationEffect
    refund_cents: int


class AddressAnswer(CommandAnswer):
    """The address the package goes to now."""

    address: dict[str, Any]


class ReviewAnswer(CommandAnswer):
    """The decision that now stands."""

    verdict: Verdict


class ReturnAnswer(BaseModel):
    """The order was taken back and paid back."""

    order_id: int
    decision: Literal["accepted"] = "accepted"
    refund_cents: int


class LiveStage(BaseModel):
    """The workflow's own word on the stage it is at, and what its pending activity went through."""

    stage: str | None
    attempts: int
    recent_errors: list[str]
    budget_left_seconds: float


class StageAnswer(BaseModel):
    """Where the order stands by the books.

    `live` is null when it was not asked for, when the order has ended, and when its workflow does not answer
    in time.
    """

    order_id: int
    status: OrderStatus
    stage: str | None
    stage_number: int
    sla_breached: bool
    live: LiveStage | None


class PaymentRow(BaseModel):
    """Money that moved."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    order_id: int
    kind: str
    amount_cents: int
    key: str
    provider_reference: str
    at: Moment


class EventRow(BaseModel):
    """One thing that happened to an order."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    order_id: int
    sequence: int
    type: str
    at: Moment
    actor: str
    stage: str | None
    status: str | None
    command: str | None
    command_id: str | None
    decision: str | None
    reason: str | None
    attempts: int | None
    launched: int | None
    failed: int | None
    hung: int | None
    cancelled: int | None
    won_by: int | None
    milliseconds: int | None


class OrderRow(BaseModel):
    """An order as it stands."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    workflow_id: str
    status: OrderStatus
    stage: str | None
    address: dict[str, Any]
    items: list[dict[str, Any]]
    amount_cents: int
    created_at: Moment
    ended_at: Moment | None
    charged_at: Moment | None
    shipped_at: Moment | None
    sla_breached: bool


class OrderPage(BaseModel):
    """Orders, the newest first; `next_cursor` asks for those before them, null if there are none."""

    orders: list[OrderRow]
    next_cursor: str | None


class WholeOrder(OrderRow):
    """An order with all its payments and events."""

    payments: list[PaymentRow]
    events: list[EventRow]


class Dump(BaseModel):
    """The three tables of the books, read in one transaction."""

    orders: list[OrderRow]
    payments: list[PaymentRow]
    events: list[EventRow]


class ComponentAnswer(BaseModel):
    """One process of the system."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    state: str
    pid: int | None
    address: str | None


class ServerAnswer(BaseModel):
    """The system's processes and what they are at."""

    model_config = ConfigDict(from_attributes=True)

    state: str
    components: list[ComponentAnswer]


class WeatherAnswer(BaseModel):
    """The weather in force; `hedges` is null where the number in hedge_state.py counts.

    `is_set`: it was asked for, and is not all the settings' own.
    """

    fail: float
    hang: float
    latency_seconds: float
    hedges: int | None
    is_set: bool


class TrialEnd(BaseModel):
    """How a trial's order ended, after how long; `city` is where its package was addressed to."""

    status: OrderStatus
    stage: str | None
    charged_cents: int
    refunded_cents: int
    city: str
    seconds: float


class TrialAnswer(BaseModel):
    """What a command at a random moment met; `code` is the refusal's, where it was refused.

    `end` is null if the order has not ended yet. The same `seed` is the same moment again.
    """

    order_id: int
    seed: int
    moment_seconds: float
    stage: str | None
    decision: Literal["accepted", "refused"]
    code: str | None
    end: TrialEnd | None


class Problem(BaseModel):
    """An error by RFC 9457, with a stable `code`."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    order_id: int | None = None
    stage: str | None = None
    errors: list[dict[str, str]] | None = None
