"""The ways a command reaches an order."""

import pytest

from tests.shop.orders import Way, by_signal, by_update


@pytest.fixture(params=[by_update, by_signal])
def told(request: pytest.FixtureRequest) -> Way:
    """The same rules hold for an Update and for a signal."""
    way: Way = request.param
    return way
