"""An order that was there before orders had owners is anybody's."""

from functools import partial

import pytest
from sqlalchemy import create_engine, text

from db import schema
from db.database import Database
from db.reads import find_owner, find_page
from db.schema import migrate
from domain.orders import ANYBODY, OrderId

ORDER = text(
    "INSERT INTO orders (id, workflow_id, status, address, items, amount_cents, created_at, sla_breached)"
    """ VALUES (1, 'w', 'completed', '{}', '[]', 4200, '2026-01-01 00:00:00', false)"""
)


def test_a_database_without_owners_keeps_its_orders_as_anybodys(
    new_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(schema, "HEAD", "0003")
        migrate(new_url)
    engine = create_engine(new_url)
    with engine.begin() as connection:
        connection.execute(ORDER)
    engine.dispose()

    migrate(new_url)

    db = Database(new_url)
    page = partial(find_page, status=None, stage=None, before=None, limit=10)
    assert db.read_now(partial(find_owner, order_id=OrderId(1))) == ANYBODY
    assert [order.id for order in db.read_now(partial(page, owner=ANYBODY))] == [1]
    assert db.read_now(partial(page, owner="ada")) == []
    db.close()
