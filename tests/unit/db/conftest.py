"""Books of a test's own, on a real SQLite file and on a real PostgreSQL server."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from db.books import Effort, add_order, reach_stage
from db.database import Database
from domain.orders import DEMO_ITEMS, Address, OrderId
from domain.stages import Stage
from tests.shop.shelves import POSTGRESQL, SQLITE, Shelf

HOME = Address(line1="1 Mill Lane", city="Ely", postal_code="CB7 4AB", country="GB")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The same rules hold on both, unless a module has a shelf of its own."""
    if "shelf" in metafunc.fixturenames and not hasattr(metafunc.module, "shelf"):
        metafunc.parametrize("shelf", [SQLITE, POSTGRESQL], indirect=True)


@pytest.fixture
def url(books: str) -> str:
    """Of a database that is up to date."""
    return books


@pytest.fixture
def new_url(shelf: Shelf, tmp_path: Path) -> Iterator[str]:
    """Of a database that nobody has migrated yet."""
    with shelf.empty(tmp_path) as url:
        yield url


@pytest.fixture
def db(url: str) -> Iterator[Database]:
    database = Database(url)
    yield database
    database.close()


@pytest.fixture
def order_id(db: Database) -> OrderId:
    """Of an order that has just been placed."""
    return db.write_now(partial(add_order, tag="tag", address=HOME, items=DEMO_ITEMS)).order_id


def reach(db: Database, order_id: OrderId, stage: Stage, *, late: bool = False) -> bool:
    """Write that the stage is reached, as its activity would."""
    return db.write_now(lambda session: reach_stage(session, order_id, stage, Effort(), late=late))


def bring_to(db: Database, order_id: OrderId, stage: Stage) -> None:
    """Reach every stage as far as `stage`."""
    for each in Stage:
        if each <= stage:
            assert reach(db, order_id, each)
