"""What comes in and goes out over HTTP: strict, bounded, nothing extra."""

import unicodedata
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
)

from domain.orders import Address, Item
from domain.status import OrderStatus
from signals import CancellationEffect, Verdict

# The codes that ISO 3166-1 assigns, in its order.
COUNTRIES = frozenset(
    """
    AF AX AL DZ AS AD AO AI AQ AG AR AM AW AU AT AZ BS BH BD BB BY BE BZ BJ BM BT BO BQ BA BW BV BR IO BN BG
    BF BI CV KH CM CA KY CF TD CL CN CX CC CO KM CG CD CK CR CI HR CU CW CY CZ DK DJ DM DO EC EG SV GQ ER EE
    SZ ET FK FO FJ FI FR GF PF TF GA GM GE DE GH GI GR GL GD GP GU GT GG GN GW GY HT HM VA HN HK HU IS IN ID
    IR IQ IE IM IL IT JM JP JE JO KZ KE KI KP KR KW KG LA LV LB LS LR LY LI LT LU MO MG MW MY MV ML MT MH MQ
    MR MU YT MX FM MD MC MN ME MS MA MZ MM NA NR NP NL NC NZ NI NE NG NU NF MK MP NO OM PK PW PS PA PG PY PE
    PH PN PL PT PR QA RE RO RU RW BL SH KN LC MF PM VC WS SM ST SA SN RS SC SL SG SX SK SI SB SO ZA GS SS ES
    LK SD SR SJ SE CH SY TW TJ TZ TH TL TG TK TO TT TN TR TM TC TV UG UA AE GB US UM UY UZ VU VE VN VG VI WF
    EH YE ZM ZW
    """.split()  # noqa: SIM905 - a list of 249 quoted codes is not easier to read
)

MAX_ITEMS = 100
MAX_PRICE_CENTS = 100_000_000


def _no_control_characters(text: str) -> str:
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in text):
        raise ValueError("control characters are not allowed")
    return text


def _country(text: str) -> str:
    if text not in COUNTRIES:
        raise ValueError("not an ISO 3166-1 alpha-2 code")
    return text


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Text = Annotated[
    str,
    StringConstraints(strict=True, strip_whitespace=True, min_length=1),
    AfterValidator(_no_control_characters),
]
ShortText = Annotated[Text, Field(max_length=100)]
LongText = Annotated[Text, Field(max_length=500)]
PostalCode = Annotated[Text, Field(max_length=20)]
Moment = Annotated[datetime, PlainSerializer(_rfc3339, return_type=str)]
Country = Annotated[str, StringConstraints(strict=True), AfterValidator(_country)]


class Body(BaseModel):
    """A request's body: an unknown field is a mistake."""

    model_config = ConfigDict(extra="forbid", strict=True)


class AddressBody(Body):
    """Where to send the package. `country` is an ISO 3166-1 alpha-2 code."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "recipient": "Ada Example",
                    "line1": "1 Harbour Street",
                    "city": "Bremen",
                    "postal_code": "28195",
                    "country": "DE",
                }
            ]
        }
    )

    line1: ShortText
    city: ShortText
    postal_code: PostalCode
    country: Country
    recipient: ShortText | None = None
    line2: ShortText | None = None
    region: ShortText | None = None

    def to_domain(self) -> Address:
        return Address(**self.model_dump())


class ItemBody(Body):
    """One line of an order."""

    sku: ShortText
    quantity: Annotated[int, Field(ge=1, le=999)]
    unit_price_cents: Annotated[int, Field(ge=1, le=MAX_PRICE_CENTS)]

    def to_domain(self) -> Item:
        return Item(**self.model_dump())


class OrderBody(Body):
    """A new order; without `items` it is for one demo item of 4200 cents."""

    address: AddressBody
    items: Annotated[list[ItemBody], Field(max_length=MAX_ITEMS)] | None = None


class ReasonBody(Body):
    """Why; it is kept in the order's history."""

    reason: LongText | None = None


class ReviewBody(Body):
    """A reviewer's decision."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"decision": "approve", "reviewer": "Rae Reviewer"}]}
    )

    decision: Literal["approve", "reject"]
    reviewer: ShortText
    reason: LongText | None = None


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
    """Where the order stands by the books; `live` is null when the workflow does not answer in time."""

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


class TrialAnswer(BaseModel):
    """What a command at a random moment met; `code` is the refusal's, where it was refused."""

    order_id: int
    moment_seconds: float
    stage: str | None
    decision: Literal["accepted", "refused"]
    code: str | None = None


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
