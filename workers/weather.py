"""A worker's own view of the weather, which follows what the database says."""

import asyncio
import logging
from datetime import timedelta

from sqlalchemy.exc import SQLAlchemyError

from db.database import Database
from db.weather import read_forecast
from domain.weather import AS_SET, Climate, Weather
from engine.background import outliving_mistakes

log = logging.getLogger(__name__)

# Whoever changes the weather sees it within a second; a look is one row.
LOOK_EVERY = timedelta(seconds=0.9)


class WeatherVane:
    """`now` is the weather in force: what was asked for, over what the settings say."""

    def __init__(self, settings: Climate) -> None:
        self._settings = settings
        self.now = AS_SET.over(settings)

    async def follow(self, db: Database) -> None:
        """Look for ever; while the database is away the weather stays as it is."""
        while True:
            async with outliving_mistakes("weather vane"):
                await self._look(db)
            await asyncio.sleep(LOOK_EVERY.total_seconds())

    async def _look(self, db: Database) -> None:
        try:
            self._turn((await db.read(read_forecast)).over(self._settings))
        except SQLAlchemyError as error:
            log.warning("weather.unknown", extra={"reason": type(error).__name__})

    def _turn(self, weather: Weather) -> None:
        if weather != self.now:
            self.now = weather
            log.info("weather.changed", extra={"weather": str(weather)})
