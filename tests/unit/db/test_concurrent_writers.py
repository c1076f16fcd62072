"""Two processes' worth of writers on one file wait for each other and lose nothing."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import TypeVar
from uuid import uuid4

import pytest
from sqlalchemy import Connection

from db.books import Effort, append_event, lock_order, reach_stage
from db.database import Database
from db.keys import Answer, Ask, claim_key, find_answer, settle_key
from db.reads import find_whole_order
from domain.events import EventType
from domain.orders import OrderId
from domain.stages import Stage
from function_stubs import carrier, payment_provider
from tests.unit.db.conftest import HOME

T = TypeVar("T")

ROUNDS = 40


@pytest.fixture
def other(url: str) -> Iterator[Database]:
    """A second way to the same file, as another process has it."""
    database = Database(url)
    yield database
    database.close()


def at_once(work: Callable[[Connection], T], *databases: Database, rounds: int = 1) -> list[T]:
    """Do `work` so many times through each database, all beginning together."""
    ready = Barrier(len(databases))

    def repeatedly(db: Database) -> list[T]:
        ready.wait()
        return [db.write_now(work) for _ in range(rounds)]

    with ThreadPoolExecutor(len(databases)) as threads:
        return [result for results in threads.map(repeatedly, databases) for result in results]


def test_sequences_have_no_gap(db: Database, other: Database, order_id: OrderId) -> None:
    def note(connection: Connection) -> None:
        lock_order(connection, order_id)
        append_event(connection, order_id, EventType.COMMAND_REFUSED)

    at_once(note, db, other, rounds=ROUNDS)

    found = db.read_now(partial(find_whole_order, order_id=order_id))
    assert found is not None
    assert [event.sequence for event in found.events] == list(range(1, 2 * ROUNDS + 1))


def test_a_stage_is_reached_by_one_of_two(db: Database, other: Database, order_id: OrderId) -> None:
    for stage in Stage:
        reach = partial(reach_stage, order_id=order_id, stage=stage, effort=Effort(), late=False)

        assert sorted(at_once(reach, db, other)) == [False, True]


def test_the_provider_charges_once(db: Database, other: Database, order_id: OrderId) -> None:
    charge = partial(payment_provider.charge, order_id=order_id, amount_cents=4200)

    receipts = at_once(charge, db, other, rounds=ROUNDS)

    assert receipts[0] is not None
    assert receipts == [receipts[0]] * 2 * ROUNDS


def test_the_carrier_labels_once(db: Database, other: Database, order_id: OrderId) -> None:
    dispatch = partial(carrier.dispatch, order_id=order_id, address=HOME)

    assert len(set(at_once(dispatch, db, other, rounds=ROUNDS))) == 1


def test_a_key_is_settled_by_one_of_two(db: Database, other: Database) -> None:
    for number in range(ROUNDS):
        ask = Ask(owner="owner", key=str(number), fingerprint="tea")
        db.write_now(partial(claim_key, ask=ask))

        one, two = at_once(partial(_settle_in_own_words, ask=ask), db, other)

        assert one == two == db.read_now(partial(find_answer, ask=ask))


def _settle_in_own_words(connection: Connection, ask: Ask) -> Answer:
    return settle_key(connection, ask, Answer(status=200, body={"said": uuid4().hex}))
