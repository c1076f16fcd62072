"""What is sent by mistake or in malice: never a crash, never an order."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models import Order
from tests.integration.api.backroom import Backroom
from tests.integration.api.caller import ADDRESS, Caller

JSON = {"content-type": "application/json"}
ESCAPED_SURROGATE = "\\ud800"


def send(api: Caller, body: bytes | str, **headers: str) -> httpx.Response:
    return api.http.post("/orders", content=body, headers={**JSON, **headers})


def order_with(**fields: Any) -> str:
    """An order's body; a field of the address is replaced, or added."""
    return json.dumps({"address": {**ADDRESS, **fields}})


def order_of(item: dict[str, Any]) -> str:
    return json.dumps({"address": ADDRESS, "items": [item]})


@pytest.fixture(autouse=True)
def _no_order_comes_of_it(backroom: Backroom, request: pytest.FixtureRequest) -> Iterator[None]:
    before = backroom.db.read_now(newest_order)
    yield
    if not request.node.get_closest_marker("places_orders"):
        assert backroom.db.read_now(newest_order) == before


def newest_order(session: Session) -> int | None:
    return session.execute(select(func.max(Order.id))).scalar()


def assert_turned_away(answer: httpx.Response, *fields: str) -> None:
    """The request was refused, naming `fields`."""
    assert answer.status_code == 422, answer.text
    problem = answer.json()
    assert problem["code"] == "INVALID_REQUEST"
    assert [error["field"] for error in problem.get("errors", [])] == list(fields)


ITEM = {"sku": "tea", "quantity": 1, "unit_price_cents": 1}


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_a_number_that_is_none(constant: str, api: Caller) -> None:
    body = order_of({**ITEM, "quantity": 12345}).replace("12345", constant)

    assert_turned_away(send(api, body))


def test_a_number_beyond_all_bounds(api: Caller) -> None:
    answer = send(api, order_of({**ITEM, "quantity": 12345}).replace("12345", "1e999"))

    assert_turned_away(answer, "body.items.0.quantity")


def test_a_number_of_five_thousand_digits(api: Caller) -> None:
    assert_turned_away(send(api, order_of(ITEM).replace("1}", "1" * 5000 + "}")))


def test_a_lone_surrogate_in_a_value(api: Caller) -> None:
    body = order_with(city="CITY").replace("CITY", ESCAPED_SURROGATE)

    assert_turned_away(send(api, body), "body.address.city")


def test_a_lone_surrogate_in_the_name_of_a_field(api: Caller) -> None:
    body = order_with(FIELD="x").replace("FIELD", ESCAPED_SURROGATE)

    answer = send(api, body)

    assert_turned_away(answer, "body.address")


def test_a_field_with_a_name_of_no_field_is_not_repeated(api: Caller) -> None:
    assert_turned_away(send(api, order_with(**{"<script>": "x"})), "body.address.?")


def test_a_field_with_an_endless_name_is_not_repeated(api: Caller) -> None:
    answer = send(api, order_with(**{"x" * 30_000: 1}))

    assert answer.status_code == 422
    assert len(answer.content) < 1000


def test_thousands_of_mistakes_are_counted_but_not_listed(api: Caller) -> None:
    answer = send(api, order_with(**{f"x{number}": 1 for number in range(4000)}))

    assert answer.status_code == 422
    assert "4000" in answer.json()["detail"]
    assert len(answer.json()["errors"]) == 20


@pytest.mark.parametrize("raw", [b"\xff\xfe", b"\x80", b"\xc3", b"\xed\xa0\x80", b"\xc0\xaf"])
def test_bytes_that_are_not_utf_8(raw: bytes, api: Caller) -> None:
    body = order_with(city="CITY").encode().replace(b"CITY", raw)

    assert_turned_away(send(api, body))


def test_utf_16(api: Caller) -> None:
    assert_turned_away(send(api, order_with().encode("utf-16")))


@pytest.mark.parametrize("character", ["\x00", "\x07", "\n", "\x1b[31m", "\x7f", "\x85"])
def test_control_characters(character: str, api: Caller) -> None:
    answer = send(api, order_with(city=f"Bre{character}men"))

    assert_turned_away(answer, "body.address.city")


@pytest.mark.parametrize("blank", ["", " ", "\t \u00a0", "\u3000", "\u200b", "\u2060\ufeff"])
@pytest.mark.parametrize("field", ["line1", "city", "postal_code", "recipient"])
def test_a_field_that_shows_nothing(field: str, blank: str, api: Caller) -> None:
    answer = send(api, order_with(**{field: blank}))

    assert_turned_away(answer, f"body.address.{field}")


@pytest.mark.parametrize(("field", "length"), [("line1", 101), ("postal_code", 21), ("line2", 101)])
def test_a_field_that_is_too_long(field: str, length: int, api: Caller) -> None:
    answer = send(api, order_with(**{field: "x" * length}))

    assert_turned_away(answer, f"body.address.{field}")


@pytest.mark.parametrize("country", ["de", "DEU", "XX", " DE", "", "D\u0045\u0301", 49])
def test_a_country_that_is_none(country: Any, api: Caller) -> None:
    assert_turned_away(send(api, order_with(country=country)), "body.address.country")


@pytest.mark.parametrize("value", [None, 1, 1.5, True, [], {}])
def test_a_field_of_the_wrong_type(value: Any, api: Caller) -> None:
    assert_turned_away(send(api, order_with(line1=value)), "body.address.line1")


@pytest.mark.parametrize("quantity", [True, "1", 1.5, 0, -1, 1000, 1000.0, None, [1]])
def test_a_quantity_that_is_none(quantity: Any, api: Caller) -> None:
    answer = send(api, order_of({**ITEM, "quantity": quantity}))

    assert_turned_away(answer, "body.items.0.quantity")


@pytest.mark.parametrize("price", [False, "100", 0, -5, 100_000_001, 0.5])
def test_a_price_that_is_none(price: Any, api: Caller) -> None:
    answer = send(api, order_of({**ITEM, "unit_price_cents": price}))

    assert_turned_away(answer, "body.items.0.unit_price_cents")


def test_more_items_than_an_order_holds(api: Caller) -> None:
    body = json.dumps({"address": ADDRESS, "items": [ITEM] * 101})

    assert_turned_away(send(api, body), "body.items")


def test_fields_that_nobody_asked_for(api: Caller) -> None:
    body = json.dumps({"address": {**ADDRESS, "planet": "Mars"}, "items": [{**ITEM, "free": True}], "id": 1})

    answer = send(api, body)

    assert_turned_away(answer, "body.address.planet", "body.items.0.free", "body.id")


@pytest.mark.parametrize("field", ["line1", "city", "postal_code", "country"])
def test_a_required_field_that_is_missing(field: str, api: Caller) -> None:
    address = {name: value for name, value in ADDRESS.items() if name != field}

    answer = send(api, json.dumps({"address": address}))

    assert_turned_away(answer, f"body.address.{field}")


@pytest.mark.parametrize("body", ["", " ", "null", "[]", "1", '"x"', "true", "{}"])
def test_a_body_that_is_no_order(body: str, api: Caller) -> None:
    answer = send(api, body)

    assert answer.status_code == 422


@pytest.mark.parametrize(
    "body", ["{", "{'address': 1}", '{"address": }', '{"a": 1,}', "not json", "{}{}", "\ufeff{}"]
)
def test_a_body_that_is_not_json(body: str, api: Caller) -> None:
    assert_turned_away(send(api, body))


@pytest.mark.parametrize("depth", [33, 200, 900, 950, 1000, 100_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_a_body_nested_too_deeply(opening: str, closing: str, depth: int, api: Caller) -> None:
    depth = min(depth, 60_000 // len(opening + closing))
    body = opening * depth + "1" + closing * depth

    assert_turned_away(send(api, body))


def test_an_opening_without_an_end(api: Caller) -> None:
    assert_turned_away(send(api, "[" * 65_000))


def test_a_body_that_is_just_too_large(api: Caller) -> None:
    body = order_with().ljust(64 * 1024 + 1)

    answer = send(api, body)

    assert (answer.status_code, answer.json()["code"]) == (413, "BODY_TOO_LARGE")


@pytest.mark.places_orders
def test_a_body_that_is_just_not_too_large(api: Caller) -> None:
    assert send(api, order_with().ljust(64 * 1024)).status_code == 201


def test_a_body_that_does_not_say_how_large_it_is(api: Caller) -> None:
    answer = api.http.post("/orders", content=(b" " * 1024 for _ in range(65)), headers=JSON)

    assert (answer.status_code, answer.json()["code"]) == (413, "BODY_TOO_LARGE")


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "text/json", ""],
)
def test_a_body_that_does_not_say_that_it_is_json(content_type: str, api: Caller) -> None:
    answer = send(api, order_with(), **{"content-type": content_type})

    assert answer.status_code == 422


def test_a_problem_never_repeats_what_was_sent(api: Caller) -> None:
    answer = send(api, order_with(city="a secret\x07", country="another secret"))

    assert "secret" not in answer.text


@pytest.mark.parametrize(
    "order_id", ["0", "-1", str(2**63), str(10**400), "one", "1.5", "%00", "%FF", "null", "1%0A"]
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("GET", "/stage"),
        ("POST", "/cancel"),
        ("PUT", "/address"),
        ("POST", "/review"),
        ("POST", "/return"),
    ],
)
def test_an_id_that_is_none(method: str, path: str, order_id: str, api: Caller) -> None:
    body = {"PUT": ADDRESS, "POST": {}}.get(method)
    if path == "/review":
        body = {"decision": "approve", "reviewer": "Rae"}

    answer = api.http.request(method, f"/orders/{order_id}{path}", json=body)

    assert (answer.status_code, answer.json()["code"]) == (422, "INVALID_REQUEST")
    assert [error["field"] for error in answer.json()["errors"]] == ["path.order_id"]


@pytest.mark.parametrize("live", ["maybe", "2", "%FF", "%00", ""])
def test_a_question_that_is_neither_yes_nor_no(live: str, api: Caller) -> None:
    answer = api.http.get(f"/orders/1/stage?live={live}")

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "query.live")


@pytest.mark.parametrize(
    "review",
    [
        {},
        {"decision": "approve"},
        {"decision": "maybe", "reviewer": "Rae"},
        {"decision": "approve", "reviewer": " "},
        {"decision": "approve", "reviewer": "Rae", "reason": "x" * 501},
        {"decision": "approve", "reviewer": "Rae", "mood": "good"},
        {"decision": True, "reviewer": "Rae"},
    ],
)
def test_a_review_that_is_none(review: dict[str, Any], api: Caller) -> None:
    answer = api.http.post("/orders/1/review", json=review)

    assert answer.status_code == 422


@pytest.mark.parametrize("reason", ["", " ", 1, "x" * 501, "\x00"])
@pytest.mark.parametrize("command", ["cancel", "return"])
def test_a_reason_that_is_none(command: str, reason: Any, api: Caller) -> None:
    answer = api.http.post(f"/orders/1/{command}", json={"reason": reason})

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "body.reason")
