"""What every test of a race starts from."""

import pytest

from hedging.state import HedgeState
from tests.unit.hedging.scripts import Ledger


@pytest.fixture
def state() -> HedgeState:
    return HedgeState()


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()
