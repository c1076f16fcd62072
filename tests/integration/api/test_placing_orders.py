from typing import Any

import pytest

from db.schema import migrate
from domain.stages import Stage
from tests.integration.api.backroom import Backroom
from tests.integration.api.caller import ADDRESS, Caller


def test_an_order_is_placed_with_nothing_but_an_address(api: Caller, backroom: Backroom) -> None:
    answer = api.http.post("/orders", json={"address": ADDRESS})

    placed = answer.json()
    order_id = placed["order_id"]
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/orders/{order_id}"
    assert placed == {
        "order_id": order_id,
        "workflow_id": f"order-{backroom.tag}-{order_id}",
        "status": "in_progress",
        "stage": None,
    }
    assert api.http.get(answer.headers["location"]).json()["id"] == order_id


def test_the_tag_in_a_workflow_id_is_the_databases_own(backroom: Backroom) -> None:
    assert migrate(backroom.database_url) == backroom.tag


def test_an_order_goes_through_its_eight_stages_and_is_charged_once(api: Caller) -> None:
    order_id = api.place()

    order = api.ends(order_id, "completed")

    assert order["stage"] == "order_delivered"
    assert [event["stage"] for event in order["events"] if event["type"] == "stage_reached"] == [
        stage.value for stage in Stage
    ]
    assert [(row["kind"], row["amount_cents"]) for row in order["payments"]] == [("charge", 4200)]


def test_each_order_gets_the_next_id(api: Caller) -> None:
    first, second = api.place(), api.place()

    assert second == first + 1


@pytest.mark.parametrize(
    ("items", "cents"),
    [
        ([{"sku": "tea", "quantity": 3, "unit_price_cents": 250}], 750),
        ([{"sku": "tea", "quantity": 3.0, "unit_price_cents": 250}], 750),
        (
            [
                {"sku": "tea", "quantity": 999, "unit_price_cents": 1},
                {"sku": "pot", "quantity": 1, "unit_price_cents": 100_000_000},
            ],
            100_000_999,
        ),
    ],
)
def test_the_amount_is_the_sum_of_its_items(items: list[dict[str, Any]], cents: int, api: Caller) -> None:
    order_id = api.place(items=items)

    order = api.order(order_id)

    assert order["amount_cents"] == cents
    assert order["items"] == items


def test_an_order_without_items_is_for_one_demo_item(api: Caller) -> None:
    order = api.order(api.place())

    assert order["items"] == [{"sku": "demo-item", "quantity": 1, "unit_price_cents": 4200}]
    assert order["amount_cents"] == 4200


def test_an_order_of_no_items_is_taken_and_rejected_by_validation(api: Caller) -> None:
    order_id = api.place(items=[])

    order = api.ends(order_id, "rejected")

    assert order["stage"] == "order_received"
    assert order["payments"] == []
    assert order["events"][-1]["reason"] == "ORDER_INVALID"


def test_an_address_is_kept_as_it_was_given_but_for_blanks_around_it(api: Caller) -> None:
    given = {**ADDRESS, "line1": "  Straße 1, 3. Stock \t", "line2": None, "region": "Bremen"}

    kept = api.order(api.place(address=given))["address"]

    assert kept == {**given, "line1": "Straße 1, 3. Stock"}
