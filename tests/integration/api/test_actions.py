from typing import Any

import pytest

from domain.stages import Stage
from tests.integration.api.caller import Caller
from tests.integration.api.conftest import OpenApi
from tests.integration.api.dice import SettableDice
from tests.integration.api.test_outages import NOWHERE

COMMANDS = {
    "cancel_order": "cancel",
    "update_address": "readdress",
    "review_order": "review",
    "return_order": "take_back",
}


def actions(api: Caller, order_id: int) -> dict[str, Any]:
    answer = api.http.get(f"/orders/{order_id}/actions")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def action(api: Caller, order_id: int, operation: str) -> dict[str, Any]:
    [found] = [one for one in actions(api, order_id)["actions"] if one["operation"] == operation]
    return dict(found)


def test_while_the_charge_is_in_flight_nobody_knows_what_a_cancellation_pays_back(
    api: Caller, dice: SettableDice
) -> None:
    dice.hold("charge")
    order_id = api.place()
    api.begins(order_id, Stage.PAYMENT_CHARGED)

    found = actions(api, order_id)

    assert found["live"] is True
    assert action(api, order_id, "cancel_order") == {
        "operation": "cancel_order",
        "allowed": True,
        "code": None,
        "detail": None,
        "effect": None,
        "refund_cents": None,
        "opens": None,
        "closes": {"stage": "order_shipped", "when": "begins"},
        "closes_at": None,
    }


def test_a_door_that_the_workflow_has_closed_is_closed_before_the_books_say_so(
    api: Caller, dice: SettableDice
) -> None:
    dice.hold("dispatch")
    order_id = api.place()
    api.begins(order_id, Stage.CARRIER_DISPATCHED)

    address = action(api, order_id, "update_address")
    cancelling = action(api, order_id, "cancel_order")

    assert (address["allowed"], address["code"]) == (False, "ADDRESS_LOCKED")
    assert (cancelling["effect"], cancelling["refund_cents"]) == ("cancelled_and_refunded", 4200)


def test_without_temporal_the_books_alone_are_asked(
    api: Caller, open_api: OpenApi, dice: SettableDice
) -> None:
    cut_off = open_api(temporal_environment=NOWHERE)
    dice.hold("dispatch")
    order_id = api.place()
    api.begins(order_id, Stage.CARRIER_DISPATCHED)

    assert actions(cut_off, order_id)["live"] is False
    assert action(cut_off, order_id, "update_address")["allowed"] is True


def test_a_completed_order_may_be_returned_until_its_window_closes(api: Caller) -> None:
    order_id = api.place()
    order = api.ends(order_id, "completed")

    returning = action(api, order_id, "return_order")

    assert (returning["allowed"], returning["refund_cents"]) == (True, 4200)
    assert returning["closes_at"] > order["shipped_at"]
    assert action(api, order_id, "cancel_order")["code"] == "ALREADY_COMPLETED"


@pytest.mark.parametrize("held", ["receive", "validate", "charge", "prepare", "dispatch", "ship", "deliver"])
@pytest.mark.parametrize("operation", ["update_address", "review_order", "return_order"])
def test_what_is_said_is_what_is_done(operation: str, held: str, api: Caller, dice: SettableDice) -> None:
    dice.hold(held)
    order_id = api.place()
    api.begins(order_id, BEGUN_BY[held])

    said = action(api, order_id, operation)
    done = getattr(api, COMMANDS[operation])(order_id)

    assert (done.status_code == 200) is said["allowed"]
    assert done.json().get("code") == said["code"]


BEGUN_BY = {
    "receive": Stage.ORDER_RECEIVED,
    "validate": Stage.ORDER_VALIDATED,
    "charge": Stage.PAYMENT_CHARGED,
    "prepare": Stage.PACKAGE_PREPARED,
    "dispatch": Stage.CARRIER_DISPATCHED,
    "ship": Stage.ORDER_SHIPPED,
    "deliver": Stage.ORDER_DELIVERED,
}
