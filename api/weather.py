"""The weather: how often the flaky calls fail and hang, and how many are raced, while the system runs."""

from functools import partial

from fastapi import APIRouter
from fastapi.exceptions import RequestValidationError

from api.answers import WeatherAnswer
from api.bodies import WeatherBody
from api.context import TheDesk
from api.desk import Desk
from db.weather import read_forecast, write_forecast
from domain.weather import AS_SET, Forecast

router = APIRouter(tags=["weather"])


@router.get("/weather", summary="get_weather")
async def get_weather(desk: TheDesk) -> WeatherAnswer:
    """Tell what the flaky calls are up against."""
    return _told(desk, await desk.db.read(read_forecast))


@router.put("/weather", summary="set_weather")
async def set_weather(body: WeatherBody, desk: TheDesk) -> WeatherAnswer:
    """Change the weather; the workers follow within a second. `{}` leaves all to the settings again."""
    forecast = body.to_domain()
    weather = forecast.over(desk.settings)
    if weather.fail + weather.hang > 1:
        mistake = {"loc": ("body", "hang"), "msg": "together with fail, this is more than 1"}
        raise RequestValidationError([mistake])
    await desk.db.write(partial(write_forecast, forecast=forecast))
    return _told(desk, forecast)


def _told(desk: Desk, forecast: Forecast) -> WeatherAnswer:
    weather = forecast.over(desk.settings)
    return WeatherAnswer(
        fail=weather.fail,
        hang=weather.hang,
        latency_seconds=weather.latency.total_seconds(),
        hedges=weather.hedges,
        is_set=forecast != AS_SET,
    )
