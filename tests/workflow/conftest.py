"""A shop whose clock skips what nobody waits for."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from temporalio.testing import WorkflowEnvironment

from tests.shop.servers import time_skipping_server
from tests.shop.shop import Shop, open_shop


@dataclass(frozen=True, slots=True)
class PatientShop:
    """The shop, and the server that keeps its time."""

    shop: Shop
    server: WorkflowEnvironment


@pytest.fixture
async def patient(books: str) -> AsyncIterator[PatientShop]:
    """A server of the test's own: its clock is one for all workflows."""
    async with time_skipping_server() as server, open_shop(server.client, books) as shop:
        yield PatientShop(shop, server)
