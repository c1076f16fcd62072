import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, update

from api.admission import MAY_WAIT
from api.pages import Assets
from db.books import add_order
from db.models import Order
from db.reads import read_order
from domain.orders import DEMO_ITEMS, Address, OrderId
from domain.stages import Stage
from domain.status import OrderStatus
from tests.integration.api.backroom import Backroom
from tests.integration.api.caller import Caller
from tests.integration.api.conftest import OpenApi, ready
from tests.integration.api.dice import SettableDice
from tests.integration.api.test_dump import address_of
from tests.integration.api.test_outages import orders_in
from tests.integration.api.waiting import eventually

AT_ONCE = 3

# Several times what a connection holds that nobody reads from: a few megabytes.
A_LARGE_FILE = 32 * 2**20

HOME = Address(line1="1 Mill Lane", city="Ely", postal_code="CB7 4AB", country="GB")


@pytest.fixture
def narrow(open_api: OpenApi, monkeypatch: pytest.MonkeyPatch) -> Caller:
    """An API that lets three in at once."""
    monkeypatch.setattr("api.turnstile.MAX_IN_FLIGHT", AT_ONCE)
    return ready(open_api())


@pytest.fixture
def full(narrow: Caller, backroom: Backroom, dice: SettableDice) -> Iterator[Caller]:
    """The same, with three inside, who wait for decisions that a charge in flight holds up."""
    dice.hold("charge")
    waiting = [narrow.place() for _ in range(AT_ONCE)]
    for order_id in waiting:
        narrow.begins(order_id, Stage.PAYMENT_CHARGED)
    with ThreadPoolExecutor(AT_ONCE) as callers:
        inside = [callers.submit(narrow.cancel, order_id) for order_id in waiting]
        for order_id in waiting:
            eventually(partial(is_cancelling, backroom, order_id), wanted="a full house")
        yield narrow
        dice.let_go("charge")
        assert {answer.result().status_code for answer in inside} <= {200, 503}


def is_cancelling(backroom: Backroom, order_id: int) -> bool:
    order = backroom.db.read_now(lambda session: read_order(session, OrderId(order_id)))
    return order.status is OrderStatus.CANCELLING


def test_who_is_one_too_many_is_told_to_ask_again_and_nothing_is_done(
    full: Caller, dice: SettableDice, backroom: Backroom
) -> None:
    before = orders_in(backroom)

    answer = full.try_to_place()

    assert (answer.status_code, answer.json()["code"]) == (503, "OVERLOADED")
    assert orders_in(backroom) == before
    dice.let_go("charge")
    eventually(lambda: full.try_to_place().status_code == 201, wanted="a place that is free again")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_how_we_are_is_told_even_then(path: str, full: Caller) -> None:
    assert full.http.get(path).status_code == 200
    assert full.http.get("/server").status_code == 503


def test_who_has_not_said_what_they_want_takes_nobodys_place(narrow: Caller) -> None:
    with ExitStack() as sockets:
        for _ in range(AT_ONCE + 1):
            slow = sockets.enter_context(socket.create_connection(address_of(narrow)))
            slow.sendall(b"POST /orders HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n\r\n")

        assert narrow.http.get("/server").status_code == 200


def test_who_does_not_read_their_answer_takes_nobodys_place(
    narrow: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "large").write_bytes(bytes(A_LARGE_FILE))
    monkeypatch.setattr(
        Assets, "lookup_path", lambda *_: (str(tmp_path / "large"), (tmp_path / "large").stat())
    )
    with ExitStack() as sockets:
        for _ in range(AT_ONCE + 1):
            stuck = sockets.enter_context(socket.create_connection(address_of(narrow)))
            stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            stuck.sendall(b"GET /static/large HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert stuck.recv(12) == b"HTTP/1.1 200"

        assert narrow.http.get("/server").status_code == 200


def test_trials_leave_most_places_to_others(
    api: Caller, backroom: Backroom, dice: SettableDice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.turnstile.MAX_TRIALS", 1)
    dice.hold("receive")
    trial = partial(api.http.post, "/trials/cancel-order", params={"within_seconds": 0.001})
    with ThreadPoolExecutor(1) as others:
        before = orders_in(backroom)
        first = others.submit(trial)
        eventually(lambda: orders_in(backroom) != before, wanted="a trial that has begun")
        second = trial()
        assert (second.status_code, second.json()["code"]) == (503, "OVERLOADED")
        assert api.try_to_place().status_code == 201
        dice.let_go("receive")
        assert first.result().status_code == 200


def leave_waiting(connection: Connection, tag: str, number: int) -> None:
    """Orders that were placed long enough ago and have not been begun."""
    for _ in range(number):
        order = add_order(connection, tag, HOME, DEMO_ITEMS)
        placed_at = datetime.now(UTC) - timedelta(seconds=6)
        connection.execute(update(Order).where(Order.id == order.order_id).values(created_at=placed_at))


def test_while_orders_wait_to_be_begun_no_more_are_taken_and_then_they_are(
    api: Caller, backroom: Backroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as nobody_sweeps:
        nobody_sweeps.setattr("api.sweep.LONG_ENOUGH", timedelta(hours=1))
        backroom.db.write_now(partial(leave_waiting, tag=backroom.tag, number=MAY_WAIT))
        eventually(lambda: api.try_to_place().status_code == 503, wanted="an order that is turned away")
        answer = api.try_to_place()
        assert (answer.json()["code"], answer.headers["Retry-After"]) == ("OVERLOADED", "1")
        assert api.http.post("/trials/cancel-order").status_code == 503
        assert api.http.get("/orders").status_code == 200

    eventually(lambda: api.try_to_place().status_code == 201, wanted="an order that is taken again")


def test_a_few_that_wait_keep_nobody_out(
    api: Caller, backroom: Backroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.sweep.LONG_ENOUGH", timedelta(hours=1))
    monkeypatch.setattr("api.admission.LOOK_EVERY", timedelta())
    backroom.db.write_now(partial(leave_waiting, tag=backroom.tag, number=MAY_WAIT // 4))

    eventually(lambda: api.try_to_place().status_code == 201, wanted="an order that is taken all the same")
