"""Two APIs and two of each worker share their work, and do not miss the ones that are killed."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import httpx
import pytest

from db.books import add_order
from db.database import Database
from db.schema import migrate
from domain.orders import DEMO_ITEMS, Address
from observability.invariants.checker import check
from observability.invariants.evidence import Answer, from_database
from tests.integration.scale.crowd import Crowd
from tests.integration.scale.fleet import API, GRACE, WORKERS, Fleet, a_fleet
from tests.shop.shelves import Shelf
from tests.shop.waiting import eventually

CUSTOMERS = 30

# Eight interpreters at once, on a machine that may have two cores and other things to do.
ALL_START_WITHIN = timedelta(seconds=120)

HOME = Address(line1="1 Mill Lane", city="Ely", postal_code="CB7 4AB", country="GB")

# An API that was killed between an order's commit and its start: nobody but the database heard of it.
NEVER_ANSWERED = Answer(
    operation="start_order",
    asked_at=datetime.now(UTC),
    answered_at=datetime.now(UTC),
    status=None,
    told={},
    key="left behind",
)


@pytest.fixture
def url(postgresql_shelf: Shelf, tmp_path: Path) -> Iterator[str]:
    with postgresql_shelf.empty(tmp_path) as empty:
        yield empty


@pytest.fixture
def fleet(url: str, temporal_address: str, tmp_path: Path) -> Iterator[Fleet]:
    """Two of each, just started: they meet while the database is being made."""
    settings = {"DATABASE_URL": url, "TEMPORAL_ADDRESS": temporal_address, "REVIEW_SECONDS": "0.5"}
    with a_fleet(tmp_path, **settings) as fleet:
        fleet.start_two_of_each()
        yield fleet


async def all_poll(fleet: Fleet, addresses: list[str]) -> None:
    async def is_ready(address: str) -> bool:
        async with httpx.AsyncClient(base_url=address) as http:
            try:
                return (await http.get("/readyz")).is_success
            except httpx.TransportError:
                return False

    for address in addresses:
        await eventually(partial(is_ready, address), wanted="an API that is ready", patience=ALL_START_WITHIN)

    async def all_said_so() -> bool:
        workers = [one for kind in WORKERS for one in fleet.alive(kind)]
        return len(workers) == 2 * len(WORKERS) and all(one.says("worker.polling") for one in workers)

    await eventually(all_said_so, wanted="six workers that poll", patience=ALL_START_WITHIN)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_killing_one_of_each_in_the_middle_loses_nothing(
    fleet: Fleet, url: str, tmp_path: Path
) -> None:
    addresses = [f"http://127.0.0.1:{one.port}" for one in fleet.alive(API)]
    await all_poll(fleet, addresses)
    crowd = Crowd(addresses, tmp_path / "journal", seed=1)
    db = Database(url)
    left_behind = db.write_now(partial(add_order, tag=migrate(url), address=HOME, items=DEMO_ITEMS)).order_id
    became = await crowd.place_at_once_everywhere()
    customers = [asyncio.create_task(crowd.shop()) for _ in range(CUSTOMERS)]

    async def half_have_ordered() -> bool:
        return len(crowd.placed) >= CUSTOMERS // 2

    await eventually(half_have_ordered, wanted="orders under way")
    fleet.kill_one_of_each()
    await asyncio.gather(*customers)
    for order_id in (left_behind, *became):
        assert order_id is not None
        await crowd.sees_the_end_of(order_id)
    await crowd.close()

    assert len(became) == 1
    took_seconds = fleet.drain()
    evidence = from_database(url, answers=[*crowd.answers, NEVER_ANSWERED])
    outcomes = Counter(history.status.value for history in evidence.orders)
    db.close()
    print(f"{outcomes}, {len(crowd.answers)} answers, drained in {took_seconds:.1f} s")
    assert check(evidence) == []
    assert outcomes.total() == CUSTOMERS + 2
    assert outcomes["completed"] > 0
    assert outcomes["cancelled"] > 0
    assert took_seconds < GRACE.total_seconds()
    survivors = [one for kind in WORKERS for one in fleet.members if one.kind == kind and one.says("drained")]
    assert len(survivors) == len(WORKERS)
    assert not any(one.says("Traceback") for one in fleet.members)
