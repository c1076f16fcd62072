"""Every test has a town of its own, which is empty again afterwards."""

import gc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from supervisor.supervisor import Supervisor
from tests.integration.supervisor.town import Town, new_town


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """A town where nobody lives yet."""
    town = new_town(tmp_path / "var")
    yield town
    town.kill_everyone()


@pytest.fixture
async def supervisor(town: Town) -> AsyncIterator[Supervisor]:
    """The supervisor of the town, with the three stand-in workers; nothing is started."""
    supervisor = town.supervisor()
    yield supervisor
    await supervisor.release()
    # The connection to Temporal must be gone before the event loop is.
    gc.collect()
