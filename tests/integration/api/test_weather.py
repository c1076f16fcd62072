import asyncio
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from config.settings import Settings
from db.database import Database
from db.schema import migrate
from db.weather import read_changes, read_forecast, write_forecast
from domain.weather import AS_SET, Forecast
from hedging.prometheus import PrometheusSink
from main import create_app
from tests.integration.api.backroom import Backroom
from tests.integration.api.caller import Caller
from tests.integration.api.conftest import OpenApi
from tests.integration.api.processes import MadeUpProcesses
from tests.integration.api.waiting import eventually
from workers.process import build_tools
from workers.weather import WeatherVane

USUAL = {"fail": 0.3333, "hang": 0.3333, "latency_seconds": 0.0, "hedges": None, "is_set": False}
STORM = {"fail": 0.5, "hang": 0.4, "latency_seconds": 0.25, "hedges": 3}


@pytest.fixture
def api(api: Caller) -> Iterator[Caller]:
    """Leaves the weather as it was."""
    yield api
    assert api.http.put("/weather", json={}).status_code == 200


def test_the_weather_is_the_settings_until_another_is_asked_for(open_api: OpenApi) -> None:
    api = open_api(flaky_fail=0.1, flaky_hang=0.2, hedges=5)

    assert api.http.get("/weather").json() == {**USUAL, "fail": 0.1, "hang": 0.2, "hedges": 5}


def test_what_was_asked_for_is_told_and_can_be_taken_back(api: Caller) -> None:
    asked = api.http.put("/weather", json=STORM)

    assert asked.json() == api.http.get("/weather").json() == {**STORM, "is_set": True}
    assert api.http.put("/weather", json={}).json() == api.http.get("/weather").json() == USUAL


def test_what_is_not_asked_for_is_left_to_the_settings(api: Caller) -> None:
    assert api.http.put("/weather", json={"hedges": 1}).json() == {**USUAL, "hedges": 1, "is_set": True}


@pytest.mark.parametrize(
    "body",
    [
        {"fail": 0.6, "hang": 0.5},
        {"fail": 0.7},
        {"fail": -0.1},
        {"hang": 1.1},
        {"fail": "0.5"},
        {"fail": True},
        {"hedges": 0},
        {"hedges": 101},
        {"hedges": 2.5},
        {"latency_seconds": 61},
        {"sunshine": 1},
        [],
        None,
    ],
)
def test_weather_that_cannot_be_is_refused_and_changes_nothing(body: Any, api: Caller) -> None:
    refused = api.http.put("/weather", json=body)

    assert (refused.status_code, refused.json()["code"]) == (422, "INVALID_REQUEST")
    assert api.http.get("/weather").json() == USUAL


def test_what_is_no_number_is_refused(api: Caller) -> None:
    headers = {"Content-Type": "application/json"}

    assert api.http.put("/weather", content=b'{"fail": NaN}', headers=headers).status_code == 422


async def test_a_worker_follows_what_another_process_asked_for(
    api: Caller, backroom: Backroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A process has one worker, whose metrics have one registry; this one runs the test on two databases.
    monkeypatch.setattr("workers.process.PrometheusSink", partial(PrometheusSink, CollectorRegistry()))
    settings = Settings(database_url=backroom.database_url, flaky_hang=0.2)
    vane = WeatherVane(settings)
    tools = build_tools(settings, vane)
    following = asyncio.create_task(vane.follow(backroom.db))

    await asyncio.to_thread(partial(api.http.put, "/weather", json={"fail": 0.5, "hedges": 2}))

    await asyncio.to_thread(eventually, lambda: tools.hedges() == 2, wanted="weather that is followed")
    assert (vane.now.fail, vane.now.hang) == (0.5, 0.2)
    following.cancel()
    tools.db.close()


async def test_the_weather_ends_with_the_system_and_every_change_of_it_is_kept(tmp_path: Path) -> None:
    settings = Settings.model_validate({"data_dir": tmp_path, "autostart": False})
    migrate(settings.database_url)
    db = Database(settings.database_url)
    app = create_app(settings, MadeUpProcesses())

    async with app.router.lifespan_context(app):
        await db.write(partial(write_forecast, forecast=Forecast(hedges=1)))

    assert await db.read(read_forecast) == AS_SET
    assert [change.forecast for change in await db.read(read_changes)] == [Forecast(hedges=1), AS_SET]
    db.close()
