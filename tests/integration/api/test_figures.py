from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.figures import split_by_weather, times_of
from config.settings import Settings
from db.figures import CompletedOrder
from db.weather import Change
from domain.stages import Stage
from domain.weather import Forecast
from tests.integration.api.caller import Caller

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


def figures(api: Caller) -> dict[str, Any]:
    answer = api.http.get("/figures")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_completed_order_is_counted_timed_and_its_calls_are_summed(api: Caller) -> None:
    before = figures(api)

    api.ends(api.place(), "completed")

    after = figures(api)
    # Others' orders may complete meanwhile, but none is placed.
    assert sum(after["by_status"].values()) == sum(before["by_status"].values()) + 1
    assert after["by_status"]["completed"] > before["by_status"].get("completed", 0)
    assert after["times"]["orders"] == after["by_status"]["completed"]
    assert after["times"]["p50"] <= after["times"]["p95"] <= after["times"]["p99"]
    flaky = [stage.value for stage in Stage if stage is not Stage.ORDER_REVIEWED]
    assert [stage["stage"] for stage in after["stages"]] == flaky
    assert all(stage["launched"] >= stage["orders"] for stage in after["stages"])


def completed(placed_after: float, seconds: float, *, is_late: bool = False) -> CompletedOrder:
    placed_at = NOON + timedelta(seconds=placed_after)
    return CompletedOrder(
        placed_at=placed_at, ended_at=placed_at + timedelta(seconds=seconds), is_late=is_late
    )


def change(after: float, hedges: int | None) -> Change:
    return Change(at=NOON + timedelta(seconds=after), forecast=Forecast(hedges=hedges))


def test_without_orders_there_are_no_quantiles() -> None:
    assert times_of([]) == {
        "orders": 0,
        "within_budget": 0,
        "p50": None,
        "p95": None,
        "p99": None,
        "seconds": [],
    }


def test_a_quantile_is_a_time_that_was_taken() -> None:
    times = times_of([completed(0, seconds, is_late=seconds > 98) for seconds in range(100, 0, -1)])

    assert (times["p50"], times["p95"], times["p99"], times["within_budget"]) == (50, 95, 99, 98)


@pytest.mark.parametrize(
    ("placed", "seconds", "hedges"),
    [
        (-5, 4, [None]),
        # It ended after the change of the weather.
        (-5, 6, []),
        # Its workers may not have followed the change yet.
        (0.5, 2, []),
        (1, 2, [1]),
        (12, 3, [7]),
        (21, 3, [1]),
    ],
)
def test_an_order_counts_for_the_one_weather_it_met(
    placed: float, seconds: float, hedges: list[int | None]
) -> None:
    changes = [change(0, 1), change(10, 7), change(20, 1)]

    found = split_by_weather([completed(placed, seconds)], changes, Settings())

    assert [times.hedges for times in found] == hedges


def test_the_same_weather_met_twice_is_one() -> None:
    changes = [change(0, 1), change(10, 7), change(20, 1)]

    found = split_by_weather([completed(1, 2), completed(21, 4)], changes, Settings())

    assert [(times.hedges, times.seconds) for times in found] == [(1, [2, 4])]
