import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from api import placing, trials
from db.keys import Answer
from domain.stages import Stage
from tests.integration.api.caller import Caller
from tests.integration.api.conftest import OpenApi
from tests.integration.api.dice import SettableDice
from tests.integration.api.test_commands import commands_in
from tests.integration.api.waiting import eventually

TRIALS = ["cancel-order", "update-address"]


def try_(caller: Caller, trial: str, **query: Any) -> dict[str, Any]:
    answer = caller.http.post(f"/trials/{trial}", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_an_order_that_is_cancelled_early_on_pays_nothing(api: Caller, dice: SettableDice) -> None:
    told = try_(api, "cancel-order", within_seconds=0.001)

    assert (told["decision"], told["code"]) == ("accepted", None)
    assert 0 <= told["moment_seconds"] <= 0.001
    assert (told["end"]["status"], told["end"]["refunded_cents"]) == (
        "cancelled",
        told["end"]["charged_cents"],
    )
    assert api.order(told["order_id"])["status"] == "cancelled"


def test_an_address_that_is_changed_early_on_is_where_the_package_goes(api: Caller) -> None:
    told = try_(api, "update-address", within_seconds=0.001)

    assert told["decision"] == "accepted"
    assert (told["end"]["status"], told["end"]["city"]) == ("completed", "Leiden")
    assert (told["end"]["charged_cents"], told["end"]["refunded_cents"]) == (4200, 0)
    assert told["end"]["seconds"] > 0


@pytest.fixture
def at_the_moment(api: Caller, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[int], object]], None]:
    """Trials go on with their command once the order has come to a moment."""

    def wait(come: Callable[[int], object]) -> None:
        async def place_and_wait(*args: Any) -> Answer:
            placed = await placing.place(*args)
            await asyncio.to_thread(come, placed.body["order_id"])
            return placed

        monkeypatch.setattr(trials, "place", place_and_wait)

    return wait


@pytest.mark.parametrize("trial", TRIALS)
def test_a_command_that_comes_too_late_is_refused_and_changes_nothing(
    trial: str, api: Caller, at_the_moment: Callable[[Callable[[int], object]], None]
) -> None:
    at_the_moment(lambda order_id: api.ends(order_id, "completed"))

    told = try_(api, trial, within_seconds=0.001)

    assert (told["decision"], told["code"], told["stage"]) == (
        "refused",
        "ALREADY_COMPLETED",
        "order_delivered",
    )
    assert (told["end"]["status"], told["end"]["city"]) == ("completed", "Bremen")


def test_a_cancellation_that_waits_for_a_charge_is_asked_for_until_it_is_decided(
    api: Caller,
    dice: SettableDice,
    at_the_moment: Callable[[Callable[[int], object]], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("api.deciding.DECIDED_WITHIN", timedelta(seconds=0.2))
    monkeypatch.setattr(trials, "TIMES_ASKED", 1000)
    at_the_moment(lambda order_id: api.begins(order_id, Stage.PAYMENT_CHARGED))
    dice.hold("charge")

    with ThreadPoolExecutor(1) as callers:
        asked = callers.submit(try_, api, "cancel-order", within_seconds=0.001)
        eventually(lambda: newest(api)["status"] == "cancelling", wanted="a cancellation")
        eventually(lambda: len(commands_in(newest(api))) == 1, wanted="its event")
        dice.let_go("charge")
        told = asked.result()

    assert told["decision"] == "accepted"
    assert (told["end"]["charged_cents"], told["end"]["refunded_cents"]) == (4200, 4200)
    assert commands_in(newest(api)) == [("accepted", "cancel", "accepted")]


def newest(api: Caller) -> dict[str, Any]:
    [order] = api.http.get("/orders", params={"limit": 1}).json()["orders"]
    return api.order(order["id"])


@pytest.mark.parametrize("trial", TRIALS)
def test_the_same_seed_is_the_same_moment(trial: str, api: Caller) -> None:
    first = try_(api, trial, within_seconds=0.3)

    again = try_(api, trial, within_seconds=0.3, seed=first["seed"])

    assert (again["seed"], again["moment_seconds"]) == (first["seed"], first["moment_seconds"])


def test_two_trials_have_two_seeds(api: Caller) -> None:
    first, second = (try_(api, "update-address", within_seconds=0.01) for _ in range(2))

    assert first["seed"] != second["seed"]


def test_an_order_that_does_not_end_is_told_of_without_an_end(
    open_api: OpenApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trials, "ENDS_WITHIN", trials.LOOK_EVERY)
    caller = open_api(review_mode="manual")

    told = try_(caller, "update-address", within_seconds=0.001)

    assert (told["decision"], told["end"]) == ("accepted", None)


@pytest.mark.parametrize("within", ["0", "-1", "61", "nan", "inf", "soon", ""])
@pytest.mark.parametrize("trial", TRIALS)
def test_a_trial_takes_a_time_between_0_and_60_seconds(within: str, trial: str, api: Caller) -> None:
    answer = api.http.post(f"/trials/{trial}", params={"within_seconds": within})

    assert (answer.status_code, answer.json()["code"]) == (422, "INVALID_REQUEST")


@pytest.mark.parametrize("seed", ["-1", str(2**53), "x", "1.5"])
def test_a_seed_is_a_whole_number_that_every_reader_can_hold(seed: str, api: Caller) -> None:
    answer = api.http.post("/trials/cancel-order", params={"seed": seed})

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "query.seed")
