"""Who is sent away in the middle of a run under fire comes again, and asks the same under the same keys."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path
from random import Random
from typing import Any, cast

import pytest

from benchmarks import commands
from benchmarks.chaos.record import Record, take_up
from benchmarks.chaos.schedule import Family, Round, Strike, Visit
from benchmarks.chaos.siege import Siege
from observability.invariants.evidence import Answer

NOTHING = cast("Any", None)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
STRIKE = Strike(family=Family.KILL_WORKER, variant="", offset_seconds=0, lasts_seconds=0)
PLANS = (0.1, 0.4, 0.6, 0.8, 0.9, 0.7)
VISITS = tuple(Visit(number=number, offset_seconds=0, plan=plan) for number, plan in enumerate(PLANS))
ROUNDS = [
    Round(number=1, strike=STRIKE, visits=VISITS[:3]),
    Round(number=2, strike=STRIKE, visits=VISITS[3:]),
]


class Shop:
    """Its orders end at once. Each answer takes as many turns of the loop as `turns` says next."""

    def __init__(self, *turns: int) -> None:
        self._turns = cycle(turns)
        self.asked: set[tuple[str, str, str]] = set()

    async def ask(self, operation: str, method: str, path: str, **given: Any) -> Answer:
        if given.get("key"):
            self.asked.add((path, str(given["key"]), str(given.get("body"))))
        for _ in range(next(self._turns)):
            await asyncio.sleep(0)
        status, told = (201 if operation == "start_order" else 200), {"status": "completed", "stage": None}
        return Answer(
            operation=operation, asked_at=NOW, answered_at=NOW, status=status, told=told, order_id=7
        )


class BusyShop(Shop):
    """Has an answer for the first order alone."""

    async def ask(self, operation: str, method: str, path: str, **given: Any) -> Answer:
        if operation == "start_order" and self.asked:
            self.asked.add((path, str(given["key"]), str(given["body"])))
            await asyncio.get_running_loop().create_future()
        return await super().ask(operation, method, path, **given)


class Books:
    def __init__(self, *open_orders: int) -> None:
        self._open_orders = list(open_orders)

    async def open_orders(self, **_: int) -> list[int]:
        return self._open_orders

    async def last_order(self) -> int:
        return 1


class System:
    async def is_ready(self) -> None: ...

    async def is_whole(self) -> None:
        """Long enough for a customer whom nobody keeps waiting to go home."""
        for _ in range(100):
            await asyncio.sleep(0)

    async def dump(self, after: int) -> dict[str, list[object]]:
        return {"orders": []}


class StopsAtTheSecond:
    """As Ctrl-C in the middle of the second round."""

    def __init__(self) -> None:
        self._strikes = 0

    async def strike(self, _: Strike) -> None:
        self._strikes += 1
        if self._strikes == 2:
            raise asyncio.CancelledError


@pytest.fixture(autouse=True)
def _nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "A_MOMENT_SECONDS", 0.0)
    monkeypatch.setattr(commands, "RETURN_WINDOW", timedelta(0))


def a_record(folder: Path) -> Record:
    return take_up(folder, seed=1, orders=6, faults=2, still_open=1)


def a_siege(record: Record, shop: object, books: Books) -> Siege:
    return Siege(record, cast("Any", System()), cast("Any", shop), cast("Any", books))


async def who_shops_alone(number: int) -> Shop:
    shop = Shop(0)
    await commands.Customer(cast("Any", shop), Random(f"1-{number}")).shop(PLANS[number])
    return shop


def placings(shop: Shop) -> set[tuple[str, str, str]]:
    return {asked for asked in shop.asked if asked[0] == "/orders"}


@pytest.mark.parametrize("plan", PLANS)
async def test_a_customer_asks_the_same_however_long_the_answers_take(plan: float) -> None:
    for seed in range(10):
        asked = []
        for turns in ((0,), (0, 9), (9, 0, 0)):
            shop = Shop(*turns)
            await commands.Customer(cast("Any", shop), Random(seed)).shop(plan)
            asked.append(shop.asked)

        assert asked[0] == asked[1] == asked[2]
        assert len(asked[0]) >= 2


async def test_whoever_was_under_way_when_a_run_was_stopped_comes_again_and_nobody_else(
    tmp_path: Path,
) -> None:
    busy, record = BusyShop(0), a_record(tmp_path)
    with pytest.raises(asyncio.CancelledError):
        await a_siege(record, busy, Books(1)).run(ROUNDS, cast("Any", StopsAtTheSecond()), None)
    kept, shop = a_record(tmp_path), Shop(0)
    struck, under_way = len(kept.struck), sorted(kept.visits_under_way)

    goes_on = a_siege(kept, shop, Books())
    await goes_on.run(ROUNDS[:1], NOTHING, None)

    assert goes_on.last_dump is not None, "nothing to compare the end with"
    assert (struck, under_way) == (1, [1, 2])
    assert placings(shop) == placings(await who_shops_alone(1)) | placings(await who_shops_alone(2))
    assert placings(shop) <= placings(busy)
    assert a_record(tmp_path).visits_under_way == []
