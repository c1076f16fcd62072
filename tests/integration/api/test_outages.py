"""Temporal comes and goes. What cannot be done now is said at once, and nothing that was taken is lost."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

import api.sweep
from db.models import Order
from domain.stages import Stage
from tests.integration.api.backroom import Backroom
from tests.integration.api.caller import ADDRESS, Caller
from tests.integration.api.conftest import OpenApi, ready
from tests.integration.api.dice import SettableDice
from tests.integration.api.waiting import eventually
from tests.integration.api.wire import Wire

NOWHERE = {"TEMPORAL_ADDRESS": "127.0.0.1:9"}


@pytest.fixture
def cut_off(open_api: OpenApi) -> Caller:
    """An API over the same books that never reaches Temporal."""
    return open_api(temporal_environment=NOWHERE)


def orders_in(backroom: Backroom) -> int:
    return backroom.db.read_now(lambda session: session.execute(select(func.count(Order.id))).scalar_one())


def test_without_temporal_no_order_is_taken(cut_off: Caller, backroom: Backroom) -> None:
    before = orders_in(backroom)

    answer = cut_off.http.post("/orders", json={"address": ADDRESS})

    assert (answer.status_code, answer.json()["code"]) == (503, "TEMPORAL_UNAVAILABLE")
    assert orders_in(backroom) == before


@pytest.mark.parametrize("command", ["cancel", "readdress", "review", "take_back"])
def test_without_temporal_an_open_order_can_not_be_told_anything(
    command: str, api: Caller, cut_off: Caller, dice: SettableDice
) -> None:
    dice.hold("receive")
    order_id = api.place()

    answer = getattr(cut_off, command)(order_id)

    assert (answer.status_code, answer.json()["code"]) == (503, "TEMPORAL_UNAVAILABLE")
    assert api.order(order_id)["events"] == []


@pytest.mark.parametrize("command", ["cancel", "readdress", "review"])
def test_without_temporal_an_ended_order_still_says_that_it_has_ended(
    command: str, api: Caller, cut_off: Caller
) -> None:
    order_id = api.place()
    api.ends(order_id, "completed")

    answer = getattr(cut_off, command)(order_id)

    assert (answer.status_code, answer.json()["code"]) == (409, "ALREADY_COMPLETED")


def test_without_temporal_everything_can_be_read(api: Caller, cut_off: Caller, dice: SettableDice) -> None:
    dice.hold("charge")
    order_id = api.place()
    api.begins(order_id, Stage.PAYMENT_CHARGED)

    told = cut_off.stage(order_id, live=True)

    assert (told["stage"], told["live"]) == ("order_reviewed", None)
    assert cut_off.order(order_id) == api.order(order_id)
    for path in ("/db-dump", "/healthz", "/server", "/docs", "/openapi.json"):
        assert cut_off.http.get(path).status_code == 200


@pytest.mark.parametrize("trial", ["cancel-order", "update-address"])
def test_without_temporal_nothing_is_tried(trial: str, cut_off: Caller) -> None:
    assert cut_off.http.post(f"/trials/{trial}").json()["code"] == "TEMPORAL_UNAVAILABLE"


def test_an_order_whose_start_failed_is_taken_and_started_by_the_sweep(
    open_api: OpenApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.sweep, "LONG_ENOUGH", timedelta())
    monkeypatch.setattr(api.sweep, "SWEEP_EVERY", timedelta(seconds=0.1))
    starts = failing_once(monkeypatch)
    caller = ready(open_api())

    order_id = caller.place()

    caller.ends(order_id, "completed")
    assert len(starts) >= 2


def failing_once(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The first start of a workflow fails; the ids of all are in the list."""
    starts: list[str] = []
    start_workflow = Client.start_workflow

    async def failing(client: Client, *args: Any, **options: Any) -> Any:
        starts.append(options["id"])
        if len(starts) == 1:
            raise RPCError("out of reach", RPCStatusCode.UNAVAILABLE, b"")
        return await start_workflow(client, *args, **options)

    monkeypatch.setattr(Client, "start_workflow", failing)
    return starts


@pytest.mark.slow
def test_a_server_that_falls_silent_stops_nobody_who_only_reads(
    open_api: OpenApi, backroom: Backroom, dice: SettableDice
) -> None:
    with Wire(backroom.temporal_address) as wire:
        caller = ready(open_api(temporal_environment={"TEMPORAL_ADDRESS": wire.address}))
        dice.hold("receive")
        order_id = caller.place()
        wire.cut()

        assert caller.stage(order_id, live=True)["live"] is None
        assert caller.cancel(order_id).status_code == 503
        eventually(
            lambda: caller.http.post("/orders", json={"address": ADDRESS}).status_code == 503,
            wanted="an API that has noticed",
        )


def test_a_server_that_comes_back_is_found_again(open_api: OpenApi, backroom: Backroom) -> None:
    with Wire(backroom.temporal_address) as wire:
        caller = ready(open_api(temporal_environment={"TEMPORAL_ADDRESS": wire.address}))
        wire.cut()
        eventually(lambda: not caller.http.get("/readyz").is_success, wanted="an outage")

        wire.mend()

        order_id = ready(caller).place()
        caller.ends(order_id, "completed")


@pytest.mark.slow
def test_what_was_taken_while_the_server_fell_silent_is_started_later(
    open_api: OpenApi, backroom: Backroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.sweep, "LONG_ENOUGH", timedelta())
    with Wire(backroom.temporal_address) as wire:
        caller = ready(open_api(temporal_environment={"TEMPORAL_ADDRESS": wire.address}))
        wire.cut()
        answer = caller.http.post("/orders", json={"address": ADDRESS})
        wire.mend()

        assert answer.status_code == 201
        caller.ends(answer.json()["order_id"], "completed")
