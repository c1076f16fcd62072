"""Mishaps on purpose look like a database's own, and happen only where they are asked for."""

from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from db.books import add_order
from db.database import Database
from db.mishaps import Mischief, Mishaps, ask_for, happened
from db.models import Order
from db.reads import OrderSnapshot
from domain.orders import DEMO_ITEMS
from tests.unit.db.conftest import HOME

ALWAYS, NEVER = 1.0, 0.0


def place(db: Database) -> OrderSnapshot:
    return db.write_now(lambda session: add_order(session, "tag", HOME, DEMO_ITEMS))


def orders_in(db: Database) -> int:
    return db.read_now(lambda session: session.execute(select(func.count()).select_from(Order)).scalar_one())


@pytest.fixture
def shelf(sqlite_shelf: object) -> object:
    return sqlite_shelf


@pytest.mark.parametrize(("mishap", "written"), [(Mishaps(fail=ALWAYS), 0), (Mishaps(lose=ALWAYS), 1)])
def test_a_write_fails_before_its_commit_or_after_it(
    url: str, tmp_path: Path, mishap: Mishaps, written: int
) -> None:
    file = tmp_path / "mishaps.json"
    db = Database(url, mischief=Mischief(file))
    ask_for(file, mishap)

    with pytest.raises(OperationalError):
        place(db)

    assert orders_in(db) == written
    assert happened(file) == 1
    db.close()


def test_nothing_happens_that_was_not_asked_for(url: str, tmp_path: Path) -> None:
    file = tmp_path / "mishaps.json"
    db = Database(url, mischief=Mischief(file, dice=lambda: NEVER))

    place(db)
    ask_for(file, Mishaps())
    place(db)

    assert orders_in(db) == 2
    assert happened(file) == 0
    db.close()
