"""The weather that was asked for while the system runs: every change is kept, the newest is in force."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, insert, select
from sqlalchemy.orm import Session

from db.books import now
from db.models import WEATHER, WeatherChange
from db.reads import Source
from domain.weather import AS_SET, Forecast

# Every process asks it again and again.
NEWEST = select(WEATHER).order_by(WEATHER.c.id.desc()).limit(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """From `at` until the next change the forecast holds."""

    at: datetime
    forecast: Forecast


def read_forecast(source: Source) -> Forecast:
    """Return what is in force; before the first change all is left to the settings."""
    row = source.execute(NEWEST).one_or_none()
    return _forecast(row) if row else AS_SET


def write_forecast(connection: Connection, forecast: Forecast) -> None:
    """Put the forecast in force; asking for what is in force changes nothing."""
    if read_forecast(connection) != forecast:
        latency = None if forecast.latency is None else forecast.latency.total_seconds()
        asked = {
            "fail": forecast.fail,
            "hang": forecast.hang,
            "latency_seconds": latency,
            "hedges": forecast.hedges,
        }
        connection.execute(insert(WEATHER), {"at": now(), **asked})


def read_changes(session: Session) -> list[Change]:
    """Return every change, the oldest first."""
    rows = session.execute(select(WeatherChange).order_by(WeatherChange.id)).scalars()
    return [Change(at=row.at, forecast=_forecast(row)) for row in rows]


def _forecast(row: WeatherChange | Row[Any]) -> Forecast:
    return Forecast(
        fail=row.fail,
        hang=row.hang,
        latency=None if row.latency_seconds is None else timedelta(seconds=row.latency_seconds),
        hedges=row.hedges,
    )
