"""The figures that the live page shows: how orders fare, what stages cost, what hedging brings."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from math import ceil

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import Session

from api.context import TheDesk
from config.settings import Settings
from db.figures import CompletedOrder, find_completed, find_stage_costs
from db.reads import count_by_status
from db.weather import Change, read_changes
from domain.stages import Stage
from domain.weather import AS_SET, Weather

router = APIRouter(tags=["orders"])

# By then every worker has followed a change of the weather.
WORKERS_FOLLOW_WITHIN = timedelta(seconds=1)


class Times(BaseModel):
    """How long completed orders took, in seconds; null where there is none."""

    orders: int
    within_budget: int
    p50: float | None
    p95: float | None
    p99: float | None
    seconds: list[float]


class TimesInWeather(Times):
    """The times of the orders that knew no other weather than this."""

    fail: float
    hang: float
    latency_seconds: float
    hedges: int | None


class StageFigures(BaseModel):
    """What the flaky calls of one stage have cost the newest thousand orders, those that reached it."""

    model_config = ConfigDict(from_attributes=True)

    stage: str
    orders: int
    attempts: int
    launched: int
    failed: int
    hung: int
    cancelled: int
    milliseconds: int
    slowest_milliseconds: int


class Figures(BaseModel):
    """`by_status` counts all orders; the rest is of the newest thousand."""

    by_status: dict[str, int]
    times: Times
    by_weather: list[TimesInWeather]
    stages: list[StageFigures]


@router.get("/figures", summary="get_figures")
async def get_figures(desk: TheDesk) -> Figures:
    """Tell how the newest orders fared, by the weather they met, and what each stage cost them."""
    return await desk.db.read(lambda session: _figures(session, desk.settings))


def _figures(session: Session, settings: Settings) -> Figures:
    completed = find_completed(session)
    costs = {cost.stage: StageFigures.model_validate(cost) for cost in find_stage_costs(session)}
    return Figures(
        by_status=count_by_status(session),
        times=Times.model_validate(times_of(completed)),
        by_weather=split_by_weather(completed, read_changes(session), settings),
        stages=[costs[stage.value] for stage in Stage if stage.value in costs],
    )


def split_by_weather(
    completed: Sequence[CompletedOrder], changes: Sequence[Change], settings: Settings
) -> list[TimesInWeather]:
    """The orders of each weather, in the order in which it was first met; none that met two."""
    met: dict[Weather, list[CompletedOrder]] = defaultdict(list)
    forecasts = [AS_SET, *(change.forecast for change in changes)]
    bounds = [None, *(change.at for change in changes), None]
    for forecast, (begin, end) in zip(forecasts, pairwise(bounds), strict=True):
        met[forecast.over(settings)] += [order for order in completed if _is_within(order, begin, end)]
    return [
        TimesInWeather.model_validate(
            {
                **times_of(orders),
                "fail": weather.fail,
                "hang": weather.hang,
                "latency_seconds": weather.latency.total_seconds(),
                "hedges": weather.hedges,
            }
        )
        for weather, orders in met.items()
        if orders
    ]


def _is_within(order: CompletedOrder, begin: datetime | None, end: datetime | None) -> bool:
    is_after = begin is None or order.placed_at >= begin + WORKERS_FOLLOW_WITHIN
    return is_after and (end is None or order.ended_at <= end)


def times_of(orders: Sequence[CompletedOrder]) -> dict[str, object]:
    seconds = sorted(order.seconds for order in orders)
    return {
        "orders": len(seconds),
        "within_budget": sum(not order.is_late for order in orders),
        "p50": _quantile(seconds, 0.5),
        "p95": _quantile(seconds, 0.95),
        "p99": _quantile(seconds, 0.99),
        "seconds": seconds,
    }


def _quantile(ascending: Sequence[float], share: float) -> float | None:
    """The smallest time that this share of the orders did not exceed."""
    return ascending[ceil(share * len(ascending)) - 1] if ascending else None
