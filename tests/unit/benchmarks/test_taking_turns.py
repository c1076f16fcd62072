"""What a row says of contenders that took turns is what each did in its own."""

from collections.abc import Mapping
from datetime import datetime

import pytest

from benchmarks import load
from benchmarks.load import Entrant, measure
from benchmarks.meter import Usage
from benchmarks.systems import Tally


class Shop:
    """A system whose orders take no time, and three calls a stage; `log` is shared with its rivals."""

    def __init__(self, name: str, log: list[str], cpu_of_others: "Shop | None" = None) -> None:
        self.name, self.log, self._busy_too = name, log, cpu_of_others
        self.orders = self.told = 0

    async def order(self) -> bool:
        self.orders += 1
        self.log.append(self.name)
        return True

    async def usage(self) -> Mapping[str, Usage]:
        """10 ms an order, as much for each order of whom it is disturbed by, a second a tally."""
        orders = self.orders + (self._busy_too.orders if self._busy_too else 0)
        return {
            "order-worker": Usage(
                cpu_seconds=0.01 * orders + self.told, memory_bytes=2**20, files=9, threads=3
            )
        }

    async def tally(self) -> Tally:
        self.told += 1
        return Tally(calls=3 * 7 * self.orders, stages=7 * self.orders, breached=self.orders // 10)

    async def spans(self, since: datetime) -> Mapping[str, float]:
        return {}


@pytest.fixture(autouse=True)
def no_warm_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "WARM_UP_ORDERS", 0)


def entrant(shop: Shop, orders: int) -> Entrant:
    return Entrant(name=shop.name, system=shop, orders=orders, longest_seconds=60.0)


async def test_they_take_turns_until_each_has_had_all_its_orders() -> None:
    log: list[str] = []
    one, other = Shop("one", log), Shop("other", log)

    rows = await measure([entrant(one, 4), entrant(other, 2)], in_flight=1, turns=2)

    assert log == ["one", "one", "other", "one", "one", "other"]
    assert [(row.contender, row.orders) for row in rows] == [("one", 4), ("other", 2)]


async def test_what_a_system_uses_in_the_turn_of_another_is_not_counted() -> None:
    log: list[str] = []
    one = Shop("one", log)
    other = Shop("other", log, cpu_of_others=one)

    rows = await measure([entrant(one, 30), entrant(other, 20)], in_flight=2, turns=3)

    assert [row.workers_cpu for row in rows] == [pytest.approx(10.0), pytest.approx(10.0)]
    assert [row.calls for row in rows] == [3.0, 3.0]
    assert [row.breached for row in rows] == [3, 2]


async def test_what_is_used_to_tell_the_tally_is_no_orders() -> None:
    [row] = await measure([entrant(Shop("one", []), 30)], in_flight=2, turns=3)

    assert row.workers_cpu == pytest.approx(10.0)


async def test_orders_that_do_not_divide_are_all_run() -> None:
    shop = Shop("one", [])

    [row] = await measure([entrant(shop, 10)], in_flight=3, turns=4)

    assert row.orders == shop.orders == 10
