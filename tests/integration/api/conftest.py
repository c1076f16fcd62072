from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol

import pytest

from config.settings import Settings
from main import create_app
from tests.integration.api.backroom import Backroom, a_backroom
from tests.integration.api.caller import Caller
from tests.integration.api.dice import SettableDice
from tests.integration.api.processes import MadeUpProcesses
from tests.integration.api.serving import listening, serving
from tests.integration.api.waiting import eventually
from tests.shop.shelves import POSTGRESQL, SQLITE, Shelf

# The orders of other tests are many, and wait for what those let go.
USUAL: dict[str, Any] = {"autostart": False, "review_seconds": 0, "orders_in_flight": 100_000}


class OpenApi(Protocol):
    """Opens an API with these settings over those of the tests; it closes with the test."""

    def __call__(self, processes: MadeUpProcesses | None = None, **settings: Any) -> Caller: ...


@contextmanager
def an_api(folder: Path, processes: MadeUpProcesses, **settings: Any) -> Iterator[Caller]:
    """An API on a port of its own, and a client of it."""
    with listening() as bound:
        port = bound.getsockname()[1]
        given = {**USUAL, "data_dir": folder, "api_port": port, **settings}
        with serving(create_app(Settings.model_validate(given), processes), bound):
            caller = Caller(f"http://127.0.0.1:{port}")
            yield caller
            caller.http.close()


def over(backroom: Backroom) -> dict[str, Any]:
    """The settings of an API that works with this backroom."""
    return {
        "database_url": backroom.database_url,
        "temporal_environment": {"TEMPORAL_ADDRESS": backroom.temporal_address},
    }


def ready(caller: Caller) -> Caller:
    """The API has found its Temporal server: before that it takes no orders."""
    eventually(lambda: caller.http.get("/readyz").is_success, wanted="an API that is ready")
    return caller


@pytest.fixture(scope="session", params=[SQLITE, pytest.param(POSTGRESQL, marks=pytest.mark.slow)])
def backroom(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backroom]:
    shelf: Shelf = request.getfixturevalue(f"{request.param}_shelf")
    with shelf.empty(tmp_path_factory.mktemp("backroom")) as url, a_backroom(url) as running:
        yield running


@pytest.fixture(scope="session")
def _shared_api(backroom: Backroom, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    with an_api(tmp_path_factory.mktemp("api"), MadeUpProcesses(), **over(backroom)) as caller:
        yield ready(caller)


@pytest.fixture
def api(_shared_api: Caller, dice: SettableDice) -> Caller:
    """The API that most tests ask: with the default rules, but a reviewer who approves at once."""
    return _shared_api


@pytest.fixture
def dice(backroom: Backroom) -> Iterator[SettableDice]:
    """The dice of all three workers; after the test everything is let go."""
    yield backroom.dice
    backroom.dice.let_everything_go()


@pytest.fixture
def open_api(backroom: Backroom, dice: SettableDice, tmp_path: Path) -> Iterator[OpenApi]:
    """Further APIs over the same backroom."""
    with ExitStack() as open_ones:

        def open_one(processes: MadeUpProcesses | None = None, **settings: Any) -> Caller:
            given = {**over(backroom), **settings}
            opened = an_api(tmp_path, processes or MadeUpProcesses(), **given)
            return open_ones.enter_context(opened)

        yield open_one
