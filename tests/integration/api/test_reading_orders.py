import re
from typing import Any

from domain.stages import Stage
from tests.integration.api.caller import ADDRESS, Caller
from tests.integration.api.conftest import OpenApi, ready
from tests.integration.api.dice import SettableDice

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def test_before_the_first_stage_the_stage_is_null_and_its_number_0(api: Caller, dice: SettableDice) -> None:
    dice.hold("receive")
    order_id = api.place()

    told = api.stage(order_id, live=False)

    assert told == {
        "order_id": order_id,
        "status": "in_progress",
        "stage": None,
        "stage_number": 0,
        "sla_breached": False,
        "live": None,
    }


def test_each_stage_has_its_number(api: Caller, dice: SettableDice) -> None:
    dice.hold("charge")
    order_id = api.place()

    api.begins(order_id, Stage.PAYMENT_CHARGED)

    told = api.stage(order_id)
    assert (told["stage"], told["stage_number"]) == ("order_reviewed", 3)


def test_a_completed_order_stands_at_stage_8(api: Caller) -> None:
    order_id = api.place()
    api.ends(order_id, "completed")

    told = api.stage(order_id, live=True)

    assert (told["status"], told["stage"], told["stage_number"]) == ("completed", "order_delivered", 8)
    assert told["live"] is None


def test_the_workflow_tells_what_it_is_at_and_what_budget_is_left(api: Caller, dice: SettableDice) -> None:
    dice.hold("ship")
    order_id = api.place()

    api.begins(order_id, Stage.ORDER_SHIPPED)

    told = api.stage(order_id, live=True)
    assert told["stage"] == "carrier_dispatched"
    assert told["live"]["stage"] == "order_shipped"
    assert told["live"]["attempts"] == 1
    assert told["live"]["recent_errors"] == []
    assert 0 < told["live"]["budget_left_seconds"] <= 15


def test_while_the_shipping_child_works_its_word_counts(api: Caller, dice: SettableDice) -> None:
    dice.hold("dispatch")
    order_id = api.place()

    api.begins(order_id, Stage.CARRIER_DISPATCHED)

    assert api.stage(order_id, live=True)["stage"] == "package_prepared"


def test_a_race_that_was_lost_is_told_with_its_error(open_api: OpenApi, dice: SettableDice) -> None:
    api = ready(open_api(order_budget_seconds=0.1))
    dice.break_("ship")
    order_id = api.place()
    api.begins(order_id, Stage.ORDER_SHIPPED)

    told: dict[str, Any] = {}
    while not told.get("recent_errors"):
        told = api.stage(order_id, live=True)["live"] or {}

    assert told["attempts"] >= 2
    assert told["recent_errors"] == ["prepare_order: no winner"] or "ship_order" in told["recent_errors"][0]
    assert told["budget_left_seconds"] < 0


def test_an_order_that_took_longer_than_its_budget_says_so(open_api: OpenApi) -> None:
    api = ready(open_api(order_budget_seconds=0.001))
    order_id = api.place()

    api.ends(order_id, "completed")

    assert api.stage(order_id)["sla_breached"] is True


def test_an_order_is_told_whole(api: Caller) -> None:
    order_id = api.place()

    order = api.ends(order_id, "completed")

    assert list(order) == [
        "id", "workflow_id", "status", "stage", "address", "items", "amount_cents", "created_at", "ended_at",
        "charged_at", "shipped_at", "sla_breached", "payments", "events",
    ]  # fmt: skip
    assert order["address"] == {**ADDRESS, "line2": None, "region": None}
    for moment in ("created_at", "ended_at", "charged_at", "shipped_at"):
        assert MOMENT.fullmatch(order[moment])
    assert [event["sequence"] for event in order["events"]] == list(range(1, 10))
    assert order["events"][0]["launched"] >= 1
    assert order["events"][-1] | {"type": "ended", "status": "completed"} == order["events"][-1]


def test_there_is_no_order_that_was_never_placed(api: Caller) -> None:
    answer = api.http.get("/orders/9223372036854775807")

    problem = answer.json()
    assert answer.status_code == 404
    assert (problem["code"], problem["order_id"]) == ("ORDER_NOT_FOUND", 2**63 - 1)
