"""The shop, its server, its books and its patience, for every test that asks for them.

Imported where they are used: a unit test need not wait for Temporal's SDK.
"""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

if TYPE_CHECKING:
    from tests.shop.shop import Shop


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def temporal_address() -> AsyncIterator[str]:
    """Where this test process's own real server listens."""
    from tests.shop.servers import real_server

    async with real_server() as environment:
        yield environment.client.service_client.config.target_host


@pytest.fixture(scope="session")
def blank_books(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that is up to date and empty, to be copied: migrating takes longer than many a test."""
    from tests.shop.books import make_blank

    return make_blank(tmp_path_factory.mktemp("blank") / "orders.db")


@pytest.fixture
def books(blank_books: Path, tmp_path: Path) -> Path:
    """The test's own database."""
    from tests.shop.books import copy_blank

    return copy_blank(blank_books, tmp_path / "orders.db")


@pytest.fixture
async def shop(temporal_address: str, books: Path) -> AsyncIterator["Shop"]:
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
