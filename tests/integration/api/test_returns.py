import pytest

from domain.stages import Stage
from tests.integration.api.caller import Caller
from tests.integration.api.conftest import OpenApi
from tests.integration.api.dice import SettableDice
from tests.integration.api.test_commands import assert_refused, commands_in, payments_in
from tests.integration.api.waiting import eventually


def test_a_delivered_order_is_taken_back_and_paid_back(api: Caller) -> None:
    order_id = api.place(items=[{"sku": "tea", "quantity": 3, "unit_price_cents": 250}])
    api.ends(order_id, "completed")

    answer = api.http.post(f"/orders/{order_id}/return", json={"reason": "not my taste"})

    assert answer.status_code == 200
    assert answer.json() == {"order_id": order_id, "decision": "accepted", "refund_cents": 750}
    order = api.ends(order_id, "returned")
    assert payments_in(order) == [("charge", 750), ("refund", 750)]
    assert commands_in(order) == [("accepted", "return", "accepted")]
    assert [event["reason"] for event in order["events"] if event["command"]] == ["not my taste"]


def test_a_second_return_is_refused(api: Caller) -> None:
    order_id = api.place()
    api.ends(order_id, "completed")
    api.take_back(order_id)

    answer = api.take_back(order_id)

    assert_refused(answer, "ALREADY_RETURNED", order_id, "order_delivered")
    assert len(api.order(order_id)["payments"]) == 2


def test_an_order_that_is_on_its_way_is_not_delivered_yet(api: Caller, dice: SettableDice) -> None:
    dice.hold("deliver")
    order_id = api.place()
    api.reaches(order_id, Stage.ORDER_SHIPPED)

    assert_refused(api.take_back(order_id), "NOT_DELIVERED_YET", order_id, "order_shipped")


def test_an_order_that_was_not_shipped_can_not_be_returned(api: Caller, dice: SettableDice) -> None:
    dice.hold("charge")
    order_id = api.place()
    api.reaches(order_id, Stage.ORDER_REVIEWED)

    answer = api.take_back(order_id)

    assert_refused(answer, "NOT_SHIPPED", order_id, "order_reviewed")
    assert commands_in(api.order(order_id)) == [("refused", "return", "NOT_SHIPPED")]


def test_after_the_window_it_is_too_late_to_return(open_api: OpenApi) -> None:
    api = open_api(return_window_seconds=0)
    order_id = api.place()
    api.ends(order_id, "completed")

    answer = api.take_back(order_id)

    assert_refused(answer, "RETURN_WINDOW_CLOSED", order_id, "order_delivered")
    assert payments_in(api.order(order_id)) == [("charge", 4200)]


@pytest.mark.slow
def test_an_order_that_is_being_returned_refuses_every_other_command(api: Caller, dice: SettableDice) -> None:
    order_id = api.place()
    api.ends(order_id, "completed")
    dice.hold("refund")
    assert api.take_back(order_id).json()["code"] == "DECISION_PENDING"
    eventually(lambda: api.stage(order_id)["status"] == "returning", wanted="a return that has begun")
    assert api.stage(order_id, live=True)["live"] is None

    answers = [api.cancel(order_id), api.readdress(order_id), api.review(order_id)]

    for answer in answers:
        assert_refused(answer, "ALREADY_RETURNING", order_id, "order_delivered")
    dice.let_go("refund")
    assert payments_in(api.ends(order_id, "returned")) == [("charge", 4200), ("refund", 4200)]
