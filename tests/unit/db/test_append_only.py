"""What is written in the books stays as it was written."""

from functools import partial

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from db.books import Effort, add_order, book_payment, reach_stage
from db.database import Database
from db.models import APPEND_ONLY, Base
from domain.events import PaymentKind
from domain.orders import DEMO_ITEMS, OrderId
from domain.stages import Stage
from function_stubs import carrier, payment_provider
from tests.unit.db.conftest import HOME


@pytest.fixture
def written(db: Database, order_id: OrderId) -> Database:
    """Books with a row in each of their tables."""
    db.write_now(lambda session: reach_stage(session, order_id, Stage.ORDER_RECEIVED, Effort(), late=False))
    pay = partial(book_payment, order_id=order_id, kind=PaymentKind.CHARGE, key="k")
    db.write_now(partial(pay, amount_cents=1, reference="r"))
    db.write_now(partial(payment_provider.charge, order_id=order_id, amount_cents=1))
    db.write_now(partial(carrier.dispatch, order_id=order_id, address=HOME))
    return db


def execute(db: Database, statement: str) -> None:
    db.write_now(lambda session: session.execute(text(statement)))


def rows_of(db: Database, table: str) -> list[tuple[object, ...]]:
    return db.read_now(
        lambda session: [tuple(row) for row in session.execute(text(f"SELECT * FROM {table}"))]
    )


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("deed", ["UPDATE {} SET order_id = order_id", "DELETE FROM {}", "TRUNCATE {}"])
def test_no_row_is_changed_or_removed(written: Database, table: str, deed: str) -> None:
    if deed.startswith("TRUNCATE") and written.url.startswith("sqlite"):
        pytest.skip("SQLite has no such statement")
    before = rows_of(written, table)

    with pytest.raises(DBAPIError, match=f"{table} is append-only"):
        execute(written, deed.format(table))

    assert len(before) == 1
    assert rows_of(written, table) == before


def test_every_table_but_the_order_the_installation_the_keys_and_the_weather_only_grows() -> None:
    others = {"orders", "installation", "idempotency_keys", "weather"}

    assert Base.metadata.tables.keys() - set(APPEND_ONLY) == others


def test_an_order_s_number_is_never_given_out_again(db: Database, order_id: OrderId) -> None:
    place = partial(add_order, tag="tag", address=HOME, items=DEMO_ITEMS)
    last = db.write_now(place).order_id
    execute(db, f"DELETE FROM orders WHERE id = {last}")

    assert db.write_now(place).order_id == last + 1 == order_id + 2
