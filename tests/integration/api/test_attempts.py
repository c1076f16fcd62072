from typing import Any

import pytest

from domain.stages import Stage
from tests.integration.api.caller import Caller
from tests.integration.api.conftest import OpenApi
from tests.integration.api.dice import SettableDice
from tests.integration.api.waiting import eventually


def attempts(api: Caller, *order_ids: int) -> list[dict[str, Any]]:
    answer = api.http.get("/attempts", params={"order_id": list(order_ids)})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


def test_the_calls_of_a_stage_at_work_are_told_with_their_age(api: Caller, dice: SettableDice) -> None:
    dice.hold("charge")
    orders = [api.place(), api.place()]
    for order in orders:
        api.begins(order, Stage.PAYMENT_CHARGED)

    eventually(lambda: all(is_seen_running(one) for one in attempts(api, *orders)), wanted="running calls")
    found = attempts(api, *orders)

    assert [one["order_id"] for one in found] == orders
    for (deed,) in (one["pending"] for one in found):
        assert deed["activity"] == "charge_payment"
        assert deed["figures"]["launched"] >= len(deed["running"])
        assert deed["running"][0]["number"] >= 1


def is_seen_running(found: dict[str, Any]) -> bool:
    return any(deed["running"] and deed["running"][0]["age_ms"] > 0 for deed in found["pending"] or [])


def test_an_order_that_has_ended_and_one_that_never_was_try_nothing(api: Caller) -> None:
    order = api.place()
    api.ends(order, "completed")

    assert attempts(api, order, 10**9) == []


@pytest.mark.parametrize("wanted", [[], [0], ["+1"], [2**63], list(range(1, 52))])
def test_what_is_no_list_of_orders_is_a_mistake(wanted: list[int], api: Caller) -> None:
    assert api.http.get("/attempts", params={"order_id": wanted}).status_code == 422


def test_what_temporal_does_not_tell_is_null(api: Caller, open_api: OpenApi, dice: SettableDice) -> None:
    dice.hold("receive")
    order = api.place()
    deaf = open_api(temporal_environment={"TEMPORAL_ADDRESS": "127.0.0.1:9"})

    assert attempts(deaf, order) == [{"order_id": order, "pending": None}]
