"""On PostgreSQL, what was given up through no fault of the work is done again, and written once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from threading import Barrier
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import DBAPIError, OperationalError

from db import postgresql
from db.books import Effort, add_order, lock_order, reach_stage
from db.database import Database
from db.models import Order
from db.schema import migrate
from domain.orders import DEMO_ITEMS, OrderId
from domain.stages import Stage
from tests.unit.db.conftest import HOME

# A deadlock is found by the server after this long.
DEADLOCK_FOUND_WITHIN_SECONDS = 5

END_OUR_OWN_CONNECTION = text("SELECT pg_terminate_backend(pg_backend_pid())")
END_ALL_OTHERS = text(
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


@pytest.fixture
def shelf(postgresql_shelf: Any) -> Any:
    return postgresql_shelf


def failing_first(
    work: Callable[[Connection], Any], spoil: Callable[[Connection], object]
) -> Callable[..., Any]:
    """`work`, whose first run is spoiled at its end."""
    runs = iter([spoil])

    def both(connection: Connection) -> Any:
        result = work(connection)
        for each in runs:
            each(connection)
        return result

    return both


def raising(sqlstate: str) -> Callable[[Connection], object]:
    """Has the server itself give the transaction up, with that code."""
    statement = f"DO $$ BEGIN RAISE EXCEPTION 'spoiled' USING ERRCODE = '{sqlstate}'; END $$"
    return lambda connection: connection.execute(text(statement))


def stage_of(db: Database, order_id: OrderId) -> str | None:
    return db.read_now(lambda session: session.execute(select(Order.stage).filter_by(id=order_id)).scalar())


@pytest.mark.parametrize("sqlstate", ["40001", "40P01", "57P01", "08006", "53300", "25P03"])
def test_a_write_that_the_server_gave_up_is_written_after_all(
    db: Database, order_id: OrderId, sqlstate: str
) -> None:
    reach = partial(reach_stage, order_id=order_id, stage=Stage.ORDER_RECEIVED, effort=Effort(), late=False)

    assert db.write_now(failing_first(reach, raising(sqlstate)))

    assert stage_of(db, order_id) == Stage.ORDER_RECEIVED.value


@pytest.mark.parametrize("sqlstate", ["23505", "42P01", "57014", "P0001"])
def test_a_mistake_is_not_made_twice(db: Database, sqlstate: str) -> None:
    runs: list[int] = []

    def work(connection: Connection) -> None:
        runs.append(1)
        raising(sqlstate)(connection)

    with pytest.raises(DBAPIError):
        db.write_now(work)

    assert len(runs) == 1


def test_two_who_wait_for_each_other_both_come_through(db: Database, order_id: OrderId) -> None:
    another = db.write_now(partial(add_order, tag="tag", address=HOME, items=DEMO_ITEMS)).order_id
    both_hold_one = Barrier(2)

    def lock_both(first: OrderId, second: OrderId) -> int:
        runs: list[int] = []

        def work(connection: Connection) -> None:
            runs.append(1)
            lock_order(connection, first)
            if len(runs) == 1:
                both_hold_one.wait(DEADLOCK_FOUND_WITHIN_SECONDS)
            lock_order(connection, second)

        db.write_now(work)
        return len(runs)

    with ThreadPoolExecutor(2) as threads:
        runs = list(threads.map(lock_both, (order_id, another), (another, order_id)))

    assert sorted(runs) == [1, 2]


def test_a_connection_that_is_lost_in_the_middle_is_replaced(db: Database, order_id: OrderId) -> None:
    reach = partial(reach_stage, order_id=order_id, stage=Stage.ORDER_RECEIVED, effort=Effort(), late=False)

    def end_the_connection(connection: Connection) -> None:
        connection.execute(END_OUR_OWN_CONNECTION)

    assert db.write_now(failing_first(reach, end_the_connection))

    assert stage_of(db, order_id) == Stage.ORDER_RECEIVED.value


def test_connections_that_ended_while_nobody_used_them_go_unnoticed(
    db: Database, url: str, order_id: OrderId
) -> None:
    stage_of(db, order_id)
    list(db.stream(lambda session: iter(session.execute(select(Order.id)).scalars())))
    administrator = Database(url)

    administrator.write_now(lambda connection: connection.execute(END_ALL_OTHERS).all())

    assert stage_of(db, order_id) is None
    assert list(db.stream(lambda session: iter(session.execute(select(Order.id)).scalars()))) == [order_id]
    administrator.close()


def test_a_commit_whose_answer_was_lost_is_not_made_twice(
    db: Database, order_id: OrderId, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers_to_lose = iter([psycopg.OperationalError("the connection is lost")])
    commit = psycopg.Connection.commit

    def commit_and_lose_the_answer(connection: psycopg.Connection[Any]) -> None:
        commit(connection)
        for lost in answers_to_lose:
            raise lost

    reach = partial(reach_stage, order_id=order_id, stage=Stage.ORDER_RECEIVED, effort=Effort(), late=False)
    monkeypatch.setattr(psycopg.Connection, "commit", commit_and_lose_the_answer)

    was_new = db.write_now(reach)

    assert not was_new
    assert next(answers_to_lose, None) is None
    assert stage_of(db, order_id) == Stage.ORDER_RECEIVED.value


def test_a_server_that_stays_away_is_told_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "PATIENCE", timedelta(milliseconds=100))
    nobody = Database("postgresql+psycopg://orders@127.0.0.1:9/orders")

    with pytest.raises(OperationalError):
        nobody.read_now(lambda session: session.execute(text("SELECT 1")))

    nobody.close()


def test_a_server_that_starts_together_with_us_is_waited_for(
    new_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two knocks find nobody at home, for longer than a transaction would wait."""
    monkeypatch.setattr(postgresql, "PATIENCE", timedelta(0))
    refusals = [psycopg.OperationalError("connection refused")] * 2
    connect = psycopg.Connection.connect

    def connect_late(*args: Any, **options: Any) -> Any:
        if refusals:
            raise refusals.pop()
        return connect(*args, **options)

    monkeypatch.setattr("psycopg.connect", connect_late)

    assert migrate(new_url)

    assert not refusals


def test_whoever_stops_in_the_middle_holds_an_order_no_longer_than_a_while(
    url: str, order_id: OrderId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "STALLED_MILLISECONDS", 200)
    stalled, other = Database(url), Database(url)
    held = stalled._writer.connect()
    lock_order(held, order_id)

    other.write_now(partial(lock_order, order_id=order_id))

    with pytest.raises(DBAPIError, match="idle-in-transaction"):
        held.execute(text("SELECT 1"))
    held.close()
    stalled.close()
    other.close()
