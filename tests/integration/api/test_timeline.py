from typing import Any

import pytest

from domain.stages import Stage
from tests.integration.api.caller import Caller
from tests.integration.api.conftest import OpenApi
from tests.integration.api.dice import SettableDice
from tests.integration.api.test_outages import NOWHERE
from tests.integration.api.waiting import eventually

NOT_KNOWN = "Temporal did not answer: what is being tried at the moment is not known"


def timeline(api: Caller, order_id: int) -> dict[str, Any]:
    answer = api.http.get(f"/orders/{order_id}/timeline")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def story_of(found: dict[str, Any]) -> list[str]:
    """One line an entry: what happened, and to what."""
    told = ("what", "stage", "command", "decision", "status", "activity")
    return [" ".join(entry[about] for about in told if entry[about]) for entry in found["entries"]]


def test_a_completed_order_has_one_history(api: Caller) -> None:
    order_id = api.place()
    api.ends(order_id, "completed")

    found = timeline(api, order_id)

    assert (found["order_id"], found["status"], found["stage"]) == (order_id, "completed", "order_delivered")
    assert found["note"] is None
    assert story_of(found) == [
        "order_placed",
        "stage_reached order_received",
        "stage_reached order_validated",
        "stage_reached order_reviewed",
        "stage_reached payment_charged",
        "charged",
        "stage_reached package_prepared",
        "stage_reached carrier_dispatched",
        "stage_reached order_shipped",
        "stage_reached order_delivered",
        "ended order_delivered completed",
    ]
    moments = [entry["at"] for entry in found["entries"]]
    assert moments == sorted(moments)


def test_each_stage_tells_what_it_cost(api: Caller) -> None:
    order_id = api.place()
    api.ends(order_id, "completed")

    received = timeline(api, order_id)["entries"][1]

    assert received["effort"]["attempts"] == 1
    assert received["effort"]["launched"] >= 1


def test_commands_and_what_was_undone_are_in_their_place(api: Caller, dice: SettableDice) -> None:
    dice.hold("prepare")
    order_id = api.place()
    api.begins(order_id, Stage.PACKAGE_PREPARED)
    api.review(order_id)
    api.cancel(order_id)
    dice.let_go("prepare")
    api.ends(order_id, "cancelled")

    assert story_of(timeline(api, order_id))[6:] == [
        "command_refused payment_charged review ALREADY_REVIEWED",
        "command_accepted payment_charged cancel accepted",
        "stage_reached package_prepared",
        "compensated package_prepared",
        "compensated payment_charged",
        "refunded",
        "ended package_prepared cancelled",
    ]


def test_what_is_being_tried_is_told_with_its_last_failure(open_api: OpenApi, dice: SettableDice) -> None:
    api = open_api(order_budget_seconds=0.1)
    dice.break_("dispatch")
    order_id = api.place()

    def tried_again() -> dict[str, Any] | None:
        last: dict[str, Any] = timeline(api, order_id)["entries"][-1]
        return last if last["what"] == "pending" and last["last_failure"] else None

    pending = eventually(tried_again, wanted="a second attempt")
    assert pending is not None
    assert pending["activity"] == "dispatch_carrier"
    assert "no winner" in pending["last_failure"]
    assert pending["effort"]["attempts"] >= 2
    assert pending["effort"]["launched"] >= 2
    assert pending["at"]


@pytest.mark.slow
def test_a_return_that_is_being_paid_back_is_told(api: Caller, dice: SettableDice) -> None:
    order_id = api.place()
    api.ends(order_id, "completed")
    dice.hold("refund")
    api.take_back(order_id)

    story = eventually(
        lambda: (lines := story_of(timeline(api, order_id)))[-1].startswith("pending") and lines,
        wanted="a refund that is tried",
    )

    assert story
    assert story[-2:] == ["command_accepted order_delivered return accepted", "pending refund_payment"]


def test_without_temporal_the_books_tell_what_they_know_and_that_it_is_not_all(
    api: Caller, open_api: OpenApi, dice: SettableDice
) -> None:
    cut_off = open_api(temporal_environment=NOWHERE)
    dice.hold("validate")
    order_id = api.place()
    api.begins(order_id, Stage.ORDER_VALIDATED)

    found = timeline(cut_off, order_id)

    assert story_of(found) == ["order_placed", "stage_reached order_received"]
    assert found["note"] == NOT_KNOWN
    assert story_of(timeline(api, order_id))[-1] == "pending validate_order"


def test_no_entry_tells_an_address(api: Caller, dice: SettableDice) -> None:
    dice.hold("prepare")
    order_id = api.place()
    api.begins(order_id, Stage.PACKAGE_PREPARED)
    api.readdress(order_id)

    told = str(timeline(api, order_id))

    assert "change_address" in told
    assert "Lane" not in told
    assert "Harbour" not in told


def test_an_order_that_was_never_placed_has_no_history(api: Caller) -> None:
    assert api.http.get(f"/orders/{2**62}/timeline").json()["code"] == "ORDER_NOT_FOUND"
