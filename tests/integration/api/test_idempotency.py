"""The same key and body: the same answer and one effect, also at once, after a restart and after a crash."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import Connection, select, update

import db.database
import db.keys
from db.models import IdempotencyKey, Order
from domain.orders import OrderId
from domain.stages import Stage
from tests.integration.api.backroom import Backroom
from tests.integration.api.caller import ADDRESS, KEY, Caller
from tests.integration.api.conftest import OpenApi, an_api, over, ready
from tests.integration.api.dice import SettableDice
from tests.integration.api.processes import MadeUpProcesses
from tests.integration.api.test_commands import commands_in, payments_in
from tests.integration.api.test_outages import NOWHERE, orders_in
from tests.integration.api.waiting import eventually
from tests.shop.desk import let_temporal_forget
from tests.shop.slow import slowly

Command = Callable[..., httpx.Response]


@pytest.fixture
def key() -> str:
    return uuid4().hex


@pytest.fixture
def waiting(api: Caller, dice: SettableDice) -> int:
    """An order that is charged, and waits."""
    dice.hold("prepare")
    order_id = api.place()
    api.begins(order_id, Stage.PACKAGE_PREPARED)
    return order_id


def answered(command: Callable[[], httpx.Response]) -> httpx.Response:
    """What is answered once nobody else is being answered under the same key."""
    found: list[httpx.Response] = []

    def ask() -> bool:
        found.append(command())
        return bool(found[-1].json().get("code") != "IN_PROGRESS")

    eventually(ask, wanted="an answer")
    return found[-1]


def said(answer: httpx.Response) -> tuple[int, bytes, str | None]:
    return answer.status_code, answer.content, answer.headers.get("location")


def test_an_order_that_is_placed_twice_under_one_key_is_one_order(
    api: Caller, backroom: Backroom, key: str
) -> None:
    before = orders_in(backroom)

    first, second = api.try_to_place(key=key), api.try_to_place(key=key)

    assert first.status_code == 201
    assert said(first) == said(second)
    assert orders_in(backroom) == before + 1


def test_two_keys_are_two_orders(api: Caller) -> None:
    first, second = api.try_to_place(key=uuid4().hex), api.try_to_place(key=uuid4().hex)

    assert first.json()["order_id"] != second.json()["order_id"]


@pytest.mark.parametrize("command", ["cancel", "readdress"])
def test_an_accepted_command_is_answered_alike_whatever_has_become_of_the_order(
    command: str, api: Caller, dice: SettableDice, waiting: int, key: str
) -> None:
    first = getattr(api, command)(waiting, key=key)
    at_once = getattr(api, command)(waiting, key=key)
    dice.let_go("prepare")
    order = api.ends(waiting, "cancelled" if command == "cancel" else "completed")
    later = getattr(api, command)(waiting, key=key)

    assert first.status_code == 200
    assert said(first) == said(at_once) == said(later)
    assert len(commands_in(order)) == 1
    assert api.order(waiting) == order


def test_an_address_is_answered_as_it_was_asked_for_even_if_it_has_changed_again(
    api: Caller, waiting: int, key: str
) -> None:
    first = api.readdress(waiting, key=key)
    api.http.put(f"/orders/{waiting}/address", json=ADDRESS)

    again = api.readdress(waiting, key=key)

    assert said(again) == said(first)
    assert api.order(waiting)["address"]["city"] == "Bremen"


def test_a_review_under_one_key_is_one_review(open_api: OpenApi, key: str) -> None:
    api = open_api(review_mode="manual")
    order_id = api.place()
    api.begins(order_id, Stage.ORDER_REVIEWED)

    first, second = api.review(order_id, key=key), api.review(order_id, key=key)

    assert first.status_code == 200
    assert said(first) == said(second)
    assert len(commands_in(api.ends(order_id, "completed"))) == 1


def test_a_return_under_one_key_is_one_return(api: Caller, key: str) -> None:
    order_id = api.place()
    api.ends(order_id, "completed")

    first, second = api.take_back(order_id, key=key), api.take_back(order_id, key=key)

    assert first.status_code == 200
    assert said(first) == said(second)
    order = api.order(order_id)
    assert payments_in(order) == [("charge", 4200), ("refund", 4200)]
    assert len(commands_in(order)) == 1


@pytest.mark.parametrize("command", ["cancel", "readdress", "review", "take_back"])
def test_a_refusal_stands_although_it_would_now_be_accepted_or_refused_otherwise(
    command: str, api: Caller, dice: SettableDice, key: str
) -> None:
    dice.hold("deliver")
    order_id = api.place()
    api.reaches(order_id, Stage.ORDER_SHIPPED)

    first = getattr(api, command)(order_id, key=key)
    dice.let_go("deliver")
    api.ends(order_id, "completed")
    second = getattr(api, command)(order_id, key=key)

    assert first.status_code == 409
    assert said(first) == said(second)
    assert len(commands_in(api.order(order_id))) == 1


def test_without_a_key_one_is_made_and_told(api: Caller, backroom: Backroom) -> None:
    before = orders_in(backroom)
    first = api.try_to_place()

    again = api.try_to_place(key=first.headers[KEY])

    assert said(again) == said(first)
    assert orders_in(backroom) == before + 1


def test_every_answer_tells_its_key(api: Caller, open_api: OpenApi, waiting: int, key: str) -> None:
    cut_off = open_api(temporal_environment=NOWHERE)

    accepted, refused = api.cancel(waiting, key=key), api.cancel(waiting)
    not_known, missing = cut_off.try_to_place(), api.cancel(2**62)

    assert accepted.headers[KEY] == key
    assert (refused.status_code, not_known.status_code, missing.status_code) == (409, 503, 404)
    assert all(answer.headers[KEY] for answer in (refused, not_known, missing))
    assert KEY not in api.http.get("/healthz").headers


@pytest.mark.parametrize("other", [{"reason": "another"}, {}])
def test_a_key_that_belongs_to_another_body_is_refused(
    other: dict[str, Any], api: Caller, waiting: int, key: str
) -> None:
    path = f"/orders/{waiting}/cancel"
    api.http.post(path, json={"reason": "one"}, headers={KEY: key})

    answer = api.http.post(path, json=other, headers={KEY: key})

    assert (answer.status_code, answer.json()["code"]) == (409, "IDEMPOTENCY_KEY_REUSED")


def test_a_key_that_belongs_to_another_order_or_operation_is_refused(
    api: Caller, waiting: int, key: str
) -> None:
    placed = api.try_to_place(key=key).json()["order_id"]

    answers = [
        api.cancel(placed, key=key),
        api.readdress(waiting, key=key),
        api.take_back(waiting, key=key),
        api.try_to_place(key=key, items=[]),
    ]

    assert {answer.json()["code"] for answer in answers} == {"IDEMPOTENCY_KEY_REUSED"}
    assert commands_in(api.order(waiting)) == []


def test_blanks_and_the_order_of_fields_do_not_make_another_body(api: Caller, key: str) -> None:
    headers = {KEY: key, "content-type": "application/json"}
    one = '{"address": {"line1": "1", "city": "2", "postal_code": "3", "country": "DE"}}'
    same = '{"address":{"country":"DE",  "city":"2","postal_code":"3","line1":"\\u0031"}}'

    answers = [api.http.post("/orders", content=body, headers=headers) for body in (one, same)]

    assert said(answers[0]) == said(answers[1])


@pytest.mark.parametrize("key", ["!", "~" * 255, '"quoted"', "a/b?c#d%00"])
def test_a_key_is_any_visible_ascii(key: str, api: Caller) -> None:
    assert api.try_to_place(key=key).headers[KEY] == key


@pytest.mark.parametrize("key", [b"", b"x" * 256, b"two words", b"\xe4", b"tab\there"])
def test_any_other_key_is_a_mistake(key: bytes, api: Caller, backroom: Backroom) -> None:
    before = orders_in(backroom)

    answer = api.http.post("/orders", json={"address": ADDRESS}, headers=[(KEY.encode(), key)])

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, f"header.{KEY.lower()}")
    assert orders_in(backroom) == before


def test_an_order_that_is_not_there_uses_no_key_up(api: Caller, key: str) -> None:
    api.cancel(2**62, key=key)

    assert api.try_to_place(key=key).status_code == 201


def test_what_could_not_be_done_is_done_when_it_is_asked_for_again(
    api: Caller, open_api: OpenApi, waiting: int, key: str
) -> None:
    cut_off = open_api(temporal_environment=NOWHERE)
    order_key = uuid4().hex
    assert cut_off.try_to_place(key=order_key).status_code == 503
    assert cut_off.cancel(waiting, key=key).status_code == 503

    placed, cancelled = api.try_to_place(key=order_key), api.cancel(waiting, key=key)

    assert (placed.status_code, cancelled.status_code) == (201, 200)


def test_what_has_its_answer_is_answered_without_temporal_too(
    api: Caller, open_api: OpenApi, waiting: int, key: str
) -> None:
    order_key = uuid4().hex
    first = [api.try_to_place(key=order_key), api.cancel(waiting, key=key)]
    cut_off = open_api(temporal_environment=NOWHERE)

    again = [cut_off.try_to_place(key=order_key), cut_off.cancel(waiting, key=key)]

    assert [said(answer) for answer in first] == [said(answer) for answer in again]


def test_twenty_at_once_place_one_order(api: Caller, backroom: Backroom, key: str) -> None:
    before = orders_in(backroom)

    with ThreadPoolExecutor(20) as callers:
        answers = list(callers.map(lambda _: api.try_to_place(key=key), range(20)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({said(answer) for answer in answers}) == 1
    assert orders_in(backroom) == before + 1


@pytest.mark.parametrize("command", ["cancel", *slowly("readdress", "take_back")])
def test_twenty_at_once_are_one_command(
    command: str, api: Caller, dice: SettableDice, waiting: int, key: str
) -> None:
    if command == "take_back":
        dice.let_go("prepare")
        api.ends(waiting, "completed")

    with ThreadPoolExecutor(20) as callers:
        answers = list(
            callers.map(lambda _: answered(lambda: getattr(api, command)(waiting, key=key)), range(20))
        )

    assert {answer.status_code for answer in answers} == {200}
    assert len({said(answer) for answer in answers}) == 1
    assert len(commands_in(api.order(waiting))) == 1


@pytest.mark.slow
def test_while_a_request_is_being_answered_the_same_one_is_put_off(
    api: Caller, dice: SettableDice, key: str
) -> None:
    dice.hold("charge")
    order_id = api.place()
    api.begins(order_id, Stage.PAYMENT_CHARGED)

    with ThreadPoolExecutor(1) as callers:
        first = callers.submit(api.cancel, order_id, key=key)
        eventually(lambda: api.stage(order_id)["status"] == "cancelling", wanted="a cancellation")
        meanwhile = api.cancel(order_id, key=key)

    assert (meanwhile.status_code, meanwhile.json()["code"]) == (409, "IN_PROGRESS")
    assert first.result().json()["code"] == "DECISION_PENDING"
    dice.let_go("charge")
    later = api.cancel(order_id, key=key)
    assert later.json()["effect"] == "cancelled_and_refunded"
    order = api.ends(order_id, "cancelled")
    assert commands_in(order) == [("accepted", "cancel", "accepted")]
    assert said(api.cancel(order_id, key=key)) == said(later)


@pytest.mark.slow
def test_a_return_that_takes_long_is_asked_for_again(api: Caller, dice: SettableDice, key: str) -> None:
    order_id = api.place()
    api.ends(order_id, "completed")
    dice.hold("refund")
    assert api.take_back(order_id, key=key).json()["code"] == "DECISION_PENDING"
    dice.let_go("refund")
    order = api.ends(order_id, "returned")

    answer = api.take_back(order_id, key=key)

    assert answer.json() == {"order_id": order_id, "decision": "accepted", "refund_cents": 4200}
    assert api.order(order_id) == order


def test_a_return_was_asked_for_when_it_was_first_asked_for(
    api: Caller, open_api: OpenApi, backroom: Backroom, key: str
) -> None:
    order_id = api.place()
    api.ends(order_id, "completed")
    cut_off = open_api(temporal_environment=NOWHERE)
    assert cut_off.take_back(order_id, key=key).status_code == 503
    backroom.db.write_now(lambda connection: let_the_window_close_at_the_last_asking(connection, order_id))

    another, same = api.take_back(order_id), api.take_back(order_id, key=key)

    assert another.json()["code"] == "RETURN_WINDOW_CLOSED"
    assert same.status_code == 200


def let_the_window_close_at_the_last_asking(connection: Connection, order_id: int) -> None:
    asked = select(IdempotencyKey.asked_at).order_by(IdempotencyKey.asked_at.desc()).limit(1)
    shipped_at = connection.execute(asked).scalar_one() - timedelta(seconds=300)
    connection.execute(update(Order).where(Order.id == order_id).values(shipped_at=shipped_at))


def test_the_answers_outlive_the_api(backroom: Backroom, waiting: int, tmp_path: Path, key: str) -> None:
    order_key, refused_key = uuid4().hex, uuid4().hex

    def ask(api: Caller) -> list[tuple[int, bytes, str | None]]:
        asked = [
            api.try_to_place(key=order_key),
            api.cancel(waiting, key=key),
            api.review(waiting, key=refused_key),
        ]
        return [said(answer) for answer in asked]

    with an_api(tmp_path, MadeUpProcesses(), **over(backroom)) as first:
        before = ask(ready(first))
    with an_api(tmp_path, MadeUpProcesses(), **over(backroom)) as second:
        after = ask(ready(second))

    assert [status for status, _, _ in before] == [201, 200, 409]
    assert before == after


def test_no_address_is_stored_with_an_answer(backroom: Backroom, api: Caller, waiting: int, key: str) -> None:
    api.readdress(waiting, key=key)
    api.try_to_place(key=uuid4().hex)

    stored = backroom.db.read_now(lambda session: session.execute(select(IdempotencyKey)).scalars().all())

    assert len(stored) >= 2
    assert not [row for row in stored if "Lane" in str(row.answer) or "Harbour" in str(row.answer)]


class Died(BaseException):
    """The process is no more: nothing that would tidy up after an error runs."""


@pytest.fixture
def dying(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, bool], None]:
    """The next APIs die at their n-th write, before its commit or after it."""
    monkeypatch.setattr(db.keys, "HELD_FOR", timedelta(seconds=0.3))

    def dies(at: int, after_commit: bool) -> None:
        class DyingDatabase(db.database.Database):
            writes = 0

            async def write(self, work: Any) -> Any:
                self.writes += 1
                if self.writes == at and not after_commit:
                    raise Died
                written = await super().write(work)
                if self.writes == at:
                    raise Died
                return written

        monkeypatch.setattr("main.Database", DyingDatabase)

    return dies


def dead(caller: Caller) -> Caller:
    """What a caller sees of a process that dies is no sound answer."""
    caller.http.event_hooks = {}
    return caller


@pytest.mark.parametrize("after_commit", [False, True])
@pytest.mark.parametrize("at", [1, *slowly(2)])
@pytest.mark.parametrize("command", ["cancel", *slowly("readdress", "take_back")])
def test_a_command_whose_process_died_has_one_effect_when_it_is_asked_for_again(
    command: str,
    at: int,
    after_commit: bool,
    api: Caller,
    open_api: OpenApi,
    dice: SettableDice,
    waiting: int,
    dying: Callable[[int, bool], None],
    key: str,
) -> None:
    if command == "take_back":
        dice.let_go("prepare")
        api.ends(waiting, "completed")
    dying(at, after_commit)
    assert getattr(dead(ready(open_api())), command)(waiting, key=key).status_code == 500

    answer = answered(lambda: getattr(api, command)(waiting, key=key))

    assert answer.status_code == 200
    dice.let_go("prepare")
    end = {"cancel": "cancelled", "readdress": "completed", "take_back": "returned"}[command]
    order = api.ends(waiting, end)
    assert len(commands_in(order)) == 1
    assert said(getattr(api, command)(waiting, key=key)) == said(answer)


@pytest.mark.parametrize("after_commit", [False, *slowly(True)])
def test_an_order_whose_process_died_is_placed_once_when_it_is_asked_for_again(
    after_commit: bool,
    api: Caller,
    backroom: Backroom,
    open_api: OpenApi,
    dying: Callable[[int, bool], None],
    key: str,
) -> None:
    before = orders_in(backroom)
    dying(1, after_commit)
    assert dead(ready(open_api())).try_to_place(key=key).status_code == 500

    answer = answered(lambda: api.try_to_place(key=key))

    assert answer.status_code == 201
    assert orders_in(backroom) == before + 1
    api.ends(answer.json()["order_id"], "completed")


def test_whoever_asks_again_for_an_order_that_was_never_started_need_not_wait_for_the_sweep(
    api: Caller,
    open_api: OpenApi,
    dying: Callable[[int, bool], None],
    key: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("api.sweep.LONG_ENOUGH", timedelta(hours=1))
    dying(1, True)
    dead(ready(open_api())).try_to_place(key=key)

    answer = answered(lambda: api.try_to_place(key=key))

    api.ends(answer.json()["order_id"], "completed")


def test_a_cancellation_that_was_accepted_before_its_process_died_is_told_even_after_the_end(
    api: Caller,
    open_api: OpenApi,
    dice: SettableDice,
    waiting: int,
    dying: Callable[[int, bool], None],
    key: str,
) -> None:
    dying(2, False)
    dead(ready(open_api())).cancel(waiting, key=key)
    dice.let_go("prepare")
    api.ends(waiting, "cancelled")

    answer = answered(lambda: api.cancel(waiting, key=key))

    assert refunded_by(answer) == 4200


def test_a_cancellation_that_was_accepted_is_told_by_the_books_once_temporal_has_forgotten_the_order(
    api: Caller,
    backroom: Backroom,
    open_api: OpenApi,
    dice: SettableDice,
    waiting: int,
    dying: Callable[[int, bool], None],
    key: str,
) -> None:
    dying(2, False)
    dead(ready(open_api())).cancel(waiting, key=key)
    dice.let_go("prepare")
    api.ends(waiting, "cancelled")
    backroom.db.write_now(partial(let_temporal_forget, order_id=OrderId(waiting)))

    answer = answered(lambda: api.cancel(waiting, key=key))

    assert refunded_by(answer) == 4200


def refunded_by(answer: httpx.Response) -> int:
    told = answer.json()
    assert (answer.status_code, told["effect"]) == (200, "cancelled_and_refunded")
    return int(told["refund_cents"])
