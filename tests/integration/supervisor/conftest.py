"""Every test has a town of its own, which is empty again afterwards."""

import asyncio
import gc
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from supervisor.processes import ProcessTable
from supervisor.supervisor import Supervisor
from supervisor.temporal_server import TemporalServer
from tests.integration.supervisor.town import Town, new_town


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Temporal database as the first start makes it; only the tests of the first start make their own."""
    town = new_town(tmp_path_factory.mktemp("database") / "var")
    asyncio.run(TemporalServer(town.settings, ProcessTable(town.data_dir)).make_database())
    gc.collect()
    return town.data_dir / "temporal.db"


@pytest.fixture
def untouched_town(tmp_path: Path) -> Iterator[Town]:
    """A town where nobody has ever lived."""
    town = new_town(tmp_path / "var")
    yield town
    town.kill_everyone()


@pytest.fixture
def town(untouched_town: Town, database: Path) -> Town:
    """A town where nobody lives, with a database from before."""
    untouched_town.data_dir.mkdir()
    shutil.copy(database, untouched_town.data_dir)
    return untouched_town


@pytest.fixture
async def supervisor(town: Town) -> AsyncIterator[Supervisor]:
    """The supervisor of the town, with the three stand-in workers; nothing is started."""
    supervisor = town.supervisor()
    yield supervisor
    await supervisor.release()
    # The connection to Temporal must be gone before the event loop is.
    gc.collect()
