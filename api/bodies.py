"""What comes in over HTTP: strict, bounded, nothing extra."""

import re
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)

from domain.orders import Address, Item
from domain.weather import Forecast

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

CONTROL = r"\x00-\x1f\x7f-\x9f"

# Takes room in no font: a text of nothing else is blank to whoever reads it.
UNSEEN = rf"{CONTROL}\s\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"

# Something to see, and no control characters; blanks around it do not count.
TEXT = re.compile(rf"[^{CONTROL}]*[^{UNSEEN}][^{CONTROL}]*")


def _tidy(text: str) -> str:
    """Without the blanks around it."""
    text = text.strip()
    if not TEXT.fullmatch(text):
        raise ValueError("must not be blank, nor have control characters")
    return text


def _described(max_length: int) -> WithJsonSchema:
    """The same rule in the words of the contract; blanks around a text count towards its length."""
    return WithJsonSchema({"type": "string", "maxLength": max_length, "pattern": rf"^\s*{TEXT.pattern}\s*$"})


def _country(text: str) -> str:
    if text not in COUNTRIES:
        raise ValueError("not an ISO 3166-1 alpha-2 code")
    return text


def _whole(number: Any) -> Any:
    """To JSON 2.0 is the same number as 2; to us nothing else is."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


Whole = BeforeValidator(_whole)
Tidy = AfterValidator(_tidy)
ShortText = Annotated[str, StringConstraints(strict=True, max_length=100), Tidy, _described(100)]
LongText = Annotated[str, StringConstraints(strict=True, max_length=500), Tidy, _described(500)]
PostalCode = Annotated[str, StringConstraints(strict=True, max_length=20), Tidy, _described(20)]
Country = Annotated[
    str,
    StringConstraints(strict=True),
    AfterValidator(_country),
    WithJsonSchema({"type": "string", "enum": sorted(COUNTRIES)}),
]


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
    quantity: Annotated[int, Field(ge=1, le=999), Whole]
    unit_price_cents: Annotated[int, Field(ge=1, le=MAX_PRICE_CENTS), Whole]

    def to_domain(self) -> Item:
        return Item(**self.model_dump())


class OrderBody(Body):
    """A new order; without `items` it is for one demo item of 4200 cents."""

    address: AddressBody
    items: Annotated[list[ItemBody], Field(max_length=MAX_ITEMS)] | None = None


class WeatherBody(Body):
    """What the flaky calls are to be up against; what is left out, or null, is left to the settings.

    `fail` and `hang` are shares of all calls, together at most 1; `hedges` are the attempts at once.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"fail": 0.5, "hang": 0.4, "hedges": 3}]})

    fail: Annotated[float, Field(ge=0, le=1)] | None = None
    hang: Annotated[float, Field(ge=0, le=1)] | None = None
    latency_seconds: Annotated[float, Field(ge=0, le=60)] | None = None
    hedges: Annotated[int, Field(ge=1, le=100), Whole] | None = None

    def to_domain(self) -> Forecast:
        latency = None if self.latency_seconds is None else timedelta(seconds=self.latency_seconds)
        return Forecast(fail=self.fail, hang=self.hang, latency=latency, hedges=self.hedges)


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
