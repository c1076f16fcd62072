"""The ways a command reaches an order, and the databases it is written in."""

import pytest

from tests.shop.orders import Way, by_signal, by_update
from tests.shop.shelves import POSTGRESQL, SQLITE
from tests.shop.slow import slowly

# Told on PostgreSQL too in every run; the rest, there, is slow.
QUICK_ON_POSTGRESQL = "test_eight_stages"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "shelf" in metafunc.fixturenames:
        is_quick = metafunc.module.__name__.endswith(QUICK_ON_POSTGRESQL)
        postgresql = pytest.param(POSTGRESQL, marks=[] if is_quick else pytest.mark.slow)
        metafunc.parametrize("shelf", [SQLITE, postgresql], indirect=True)


@pytest.fixture(params=[by_update, *slowly(by_signal)])
def told(request: pytest.FixtureRequest) -> Way:
    """The same rules hold for an Update and for a signal."""
    way: Way = request.param
    return way
