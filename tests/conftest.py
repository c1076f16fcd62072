"""The shop, its server, its books and its patience, for every test that asks for them.

Imported where they are used: a unit test need not wait for Temporal's SDK.
"""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

if TYPE_CHECKING:
    from tests.shop.shelves import Shelf
    from tests.shop.shop import Shop


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def temporal_address() -> AsyncIterator[str]:
    """Where this test process's own real server listens."""
    from tests.shop.servers import real_server

    async with real_server() as environment:
        yield environment.client.service_client.config.target_host


@pytest.fixture(scope="session")
def postgresql(testrun_uid: str) -> str:
    """The url of a real server."""
    from tests.shop.postgresql import server_url

    return server_url(testrun_uid)


@pytest.fixture(scope="session")
def sqlite_shelf(tmp_path_factory: pytest.TempPathFactory) -> "Shelf":
    from tests.shop.shelves import SqliteShelf

    return SqliteShelf(tmp_path_factory.mktemp("blank"))


@pytest.fixture(scope="session")
def postgresql_shelf(postgresql: str, testrun_uid: str, worker_id: str) -> Iterator["Shelf"]:
    """Each test process has its own, on the one server."""
    from tests.shop.shelves import PostgresqlShelf

    shelf = PostgresqlShelf(postgresql, f"orders_{testrun_uid}_{worker_id}")
    yield shelf
    shelf.clear()


@pytest.fixture
def shelf(request: pytest.FixtureRequest) -> "Shelf":
    """SQLite's, unless the test's folder says otherwise."""
    found: Shelf = request.getfixturevalue(f"{getattr(request, 'param', 'sqlite')}_shelf")
    return found


@pytest.fixture
def books(shelf: "Shelf", tmp_path: Path) -> Iterator[str]:
    """The url of the test's own database."""
    with shelf.migrated(tmp_path) as url:
        yield url


@pytest.fixture
async def shop(temporal_address: str, books: str) -> AsyncIterator["Shop"]:
    """A shop of the test's own, its three workers at work."""
    from temporalio.client import Client
    from temporalio.contrib.pydantic import pydantic_data_converter

    from tests.shop.shop import open_shop

    client = await Client.connect(temporal_address, data_converter=pydantic_data_converter)
    async with open_shop(client, books) as opened:
        yield opened


@pytest.fixture
def soon_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A race lasts a tenth of a second and a stage is given up after three, instead of 2 s and 30 s."""
    short = timedelta(milliseconds=100)
    monkeypatch.setattr("config.budget.SHORTEST_RACE", short)
    monkeypatch.setattr("config.budget.STAGE_PATIENCE", short)
    monkeypatch.setattr("workflows.deeds.STAGE_PATIENCE", 3 * short)
