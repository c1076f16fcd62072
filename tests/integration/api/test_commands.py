from typing import Any

import httpx
import pytest

from domain.stages import Stage
from tests.integration.api.caller import ANOTHER_ADDRESS, Caller
from tests.integration.api.conftest import OpenApi
from tests.integration.api.dice import SettableDice

# An id that no order has come to.
NOBODY = 2**62


def assert_refused(answer: httpx.Response, code: str, order_id: int, stage: str | None) -> None:
    assert answer.status_code == 409, answer.text
    problem = answer.json()
    assert (problem["code"], problem["order_id"], problem.get("stage")) == (code, order_id, stage)


def commands_in(order: dict[str, Any]) -> list[tuple[str, str, str]]:
    """What was decided about each command, in order: accepted or refused, the command, the decision."""
    return [
        (event["type"].removeprefix("command_"), event["command"], event["decision"])
        for event in order["events"]
        if event["command"]
    ]


def payments_in(order: dict[str, Any]) -> list[tuple[str, int]]:
    return [(row["kind"], row["amount_cents"]) for row in order["payments"]]


def test_before_the_charge_a_cancellation_moves_no_money(api: Caller, dice: SettableDice) -> None:
    dice.hold("validate")
    order_id = api.place()
    api.reaches(order_id, Stage.ORDER_RECEIVED)

    answer = api.http.post(f"/orders/{order_id}/cancel", json={"reason": "changed my mind"})

    assert answer.status_code == 200
    assert answer.json() == {
        "order_id": order_id,
        "decision": "accepted",
        "status": "cancelling",
        "stage": "order_received",
        "effect": "cancelled",
        "refund_cents": 0,
    }
    dice.let_go("validate")
    order = api.ends(order_id, "cancelled")
    assert order["payments"] == []
    assert [event["reason"] for event in order["events"] if event["command"]] == ["changed my mind"]


def test_after_the_charge_a_cancellation_pays_everything_back(api: Caller, dice: SettableDice) -> None:
    dice.hold("prepare")
    order_id = api.place()
    api.reaches(order_id, Stage.PAYMENT_CHARGED)

    answer = api.cancel(order_id)

    told = answer.json()
    assert (told["effect"], told["refund_cents"]) == ("cancelled_and_refunded", 4200)
    dice.let_go("prepare")
    assert payments_in(api.ends(order_id, "cancelled")) == [("charge", 4200), ("refund", 4200)]


@pytest.mark.slow
def test_a_cancellation_that_waits_for_a_charge_in_flight_is_not_known_yet(
    api: Caller, dice: SettableDice
) -> None:
    dice.hold("charge")
    order_id = api.place()
    api.begins(order_id, Stage.PAYMENT_CHARGED)

    answer = api.cancel(order_id)

    assert (answer.status_code, answer.json()["code"]) == (503, "DECISION_PENDING")
    assert answer.json()["order_id"] == order_id
    dice.let_go("charge")
    order = api.ends(order_id, "cancelled")
    assert payments_in(order) == [("charge", 4200), ("refund", 4200)]
    assert commands_in(order) == [("accepted", "cancel", "accepted")]


def test_once_shipping_has_begun_it_is_too_late_to_cancel(api: Caller, dice: SettableDice) -> None:
    dice.hold("ship")
    order_id = api.place()
    api.begins(order_id, Stage.ORDER_SHIPPED)

    answer = api.cancel(order_id)

    assert_refused(answer, "TOO_LATE", order_id, "carrier_dispatched")
    assert "return" in answer.json()["detail"]
    dice.let_go("ship")
    assert commands_in(api.ends(order_id, "completed")) == [("refused", "cancel", "TOO_LATE")]


def test_an_address_changes_until_dispatch_begins(api: Caller, dice: SettableDice) -> None:
    dice.hold("prepare")
    order_id = api.place()
    api.begins(order_id, Stage.PACKAGE_PREPARED)

    answer = api.readdress(order_id)

    assert answer.status_code == 200
    full = {"recipient": None, "line2": None, "region": None, **ANOTHER_ADDRESS}
    assert answer.json() == {
        "order_id": order_id,
        "decision": "accepted",
        "stage": "payment_charged",
        "address": full,
    }
    dice.let_go("prepare")
    assert api.ends(order_id, "completed")["address"] == full


def test_once_dispatch_has_begun_the_address_is_locked(api: Caller, dice: SettableDice) -> None:
    dice.hold("dispatch")
    order_id = api.place()
    api.begins(order_id, Stage.CARRIER_DISPATCHED)

    answer = api.readdress(order_id)

    assert_refused(answer, "ADDRESS_LOCKED", order_id, "package_prepared")
    dice.let_go("dispatch")
    order = api.ends(order_id, "completed")
    assert order["address"]["city"] == "Bremen"
    assert commands_in(order) == [("refused", "change_address", "ADDRESS_LOCKED")]


def test_no_event_tells_an_address(api: Caller, dice: SettableDice) -> None:
    dice.hold("validate")
    order_id = api.place()
    api.readdress(order_id)
    dice.let_go("validate")

    events = str(api.ends(order_id, "completed")["events"])

    assert "Mill Lane" not in events
    assert "Harbour" not in events


@pytest.mark.parametrize("command", ["cancel", "readdress", "review"])
def test_a_completed_order_refuses_every_command_but_a_return(command: str, api: Caller) -> None:
    order_id = api.place()
    api.ends(order_id, "completed")

    answer = getattr(api, command)(order_id)

    assert_refused(answer, "ALREADY_COMPLETED", order_id, "order_delivered")
    assert [decision for _, _, decision in commands_in(api.order(order_id))] == ["ALREADY_COMPLETED"]


@pytest.mark.parametrize("command", ["cancel", "readdress", "review", "take_back"])
def test_an_order_that_is_being_cancelled_says_so(command: str, api: Caller, dice: SettableDice) -> None:
    dice.hold("unpack")
    dice.hold("prepare")
    order_id = api.place()
    api.begins(order_id, Stage.PACKAGE_PREPARED)
    api.cancel(order_id)
    dice.let_go("prepare")

    answer = getattr(api, command)(order_id)

    assert answer.json()["code"] == "ALREADY_CANCELLING"
    dice.let_go("unpack")
    api.ends(order_id, "cancelled")


@pytest.mark.parametrize("command", ["cancel", "readdress", "review", "take_back"])
def test_there_is_nothing_to_be_told_to_an_order_that_is_not_there(command: str, api: Caller) -> None:
    answer = getattr(api, command)(NOBODY)

    assert (answer.status_code, answer.json()["code"]) == (404, "ORDER_NOT_FOUND")
    assert answer.json()["order_id"] == NOBODY


def test_a_person_approves(open_api: OpenApi) -> None:
    api = open_api(review_mode="manual")
    order_id = api.place()
    api.begins(order_id, Stage.ORDER_REVIEWED)

    answer = api.review(order_id, "approve")

    told = answer.json()
    assert answer.status_code == 200
    assert told.pop("stage") in {"order_validated", "order_reviewed"}
    assert told == {"order_id": order_id, "decision": "accepted", "verdict": "approve"}
    order = api.ends(order_id, "completed")
    [approval] = [event for event in order["events"] if event["command"] == "review"]
    assert (approval["actor"], approval["reason"]) == ("Rae Reviewer", "as it should be")


def test_a_person_rejects(open_api: OpenApi) -> None:
    api = open_api(review_mode="manual")
    order_id = api.place()
    api.begins(order_id, Stage.ORDER_REVIEWED)

    api.review(order_id, "reject")

    order = api.ends(order_id, "rejected")
    assert order["payments"] == []
    assert order["events"][-1]["reason"] == "as it should be"


def test_a_review_before_its_time_is_refused(api: Caller, dice: SettableDice) -> None:
    dice.hold("receive")
    order_id = api.place()

    answer = api.review(order_id)

    assert_refused(answer, "NOT_AWAITING_REVIEW", order_id, None)


def test_a_second_review_is_refused(api: Caller, dice: SettableDice) -> None:
    dice.hold("charge")
    order_id = api.place()
    api.begins(order_id, Stage.PAYMENT_CHARGED)

    answer = api.review(order_id, "reject")

    assert_refused(answer, "ALREADY_REVIEWED", order_id, "order_reviewed")


def test_an_order_that_nobody_reviews_expires(open_api: OpenApi) -> None:
    api = open_api(review_mode="manual", review_deadline_seconds=0.1)
    order_id = api.place()

    order = api.ends(order_id, "expired")

    assert order["payments"] == []
    assert_refused(api.review(order_id), "ALREADY_EXPIRED", order_id, "order_validated")
