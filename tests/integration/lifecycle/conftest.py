"""The ways a command reaches an order, and a world that gives up soon."""

from datetime import timedelta

import pytest

from tests.shop.orders import Way, by_signal, by_update


@pytest.fixture(params=[by_update, by_signal])
def told(request: pytest.FixtureRequest) -> Way:
    """The same rules hold for an Update and for a signal."""
    way: Way = request.param
    return way


@pytest.fixture
def soon_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A race lasts a tenth of a second and a stage is given up after three, instead of 2 s and 30 s."""
    short = timedelta(milliseconds=100)
    monkeypatch.setattr("config.budget.SHORTEST_RACE", short)
    monkeypatch.setattr("config.budget.STAGE_PATIENCE", short)
    monkeypatch.setattr("workflows.deeds.STAGE_PATIENCE", 3 * short)
