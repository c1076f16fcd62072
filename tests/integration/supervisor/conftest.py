"""Every test has a town of its own, which is empty again afterwards."""

import asyncio
import gc
import shutil
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from supervisor.processes import ProcessTable
from supervisor.supervisor import Supervisor
from supervisor.temporal_server import TemporalServer
from tests.integration.supervisor.town import Town, new_town


@pytest.fixture(scope="session", autouse=True)
def no_loop_unasked() -> None:
    """Asking for the current event loop makes none.

    Otherwise pytest-asyncio makes one when it first looks for a loop to restore, and nobody closes it.
    """
    asyncio.set_event_loop(None)


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Temporal database as the first start makes it; only the tests of the first start make their own."""
    town = new_town(tmp_path_factory.mktemp("database") / "var")
    server = TemporalServer(town.settings, ProcessTable(town.data_dir))
    # In a thread of its own, because the test that asks first has an event loop in this one.
    with ThreadPoolExecutor() as elsewhere:
        elsewhere.submit(lambda: asyncio.run(server.make_database())).result()
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
    supervisor = town.supervisor(workers=town.stand_ins())
    yield supervisor
    await supervisor.release()
    # The connection to Temporal must be gone before the event loop is.
    gc.collect()
