"""A connection to Temporal that comes and goes, and says which it is."""

import asyncio
import logging
from datetime import timedelta

from temporalio.client import Client

from config.settings import Settings
from engine.background import outliving_mistakes
from engine.connection import connect_with_patience
from engine.needs import what_is_missing

log = logging.getLogger(__name__)

LOOK_EVERY = timedelta(seconds=0.5)


class TemporalAway(Exception):
    """Temporal does not answer at the moment."""


class TemporalLink:
    """Connects in the background, and looks after the connection for as long as it is open."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: Client | None = None
        self._is_up = False
        self._keeping: asyncio.Task[None] | None = None

    @property
    def is_up(self) -> bool:
        return self._is_up

    def client(self) -> Client:
        """Return the client; raises TemporalAway when the server did not answer at the last look."""
        if self._client is None or not self._is_up:
            raise TemporalAway
        return self._client

    def open(self) -> None:
        self._keeping = asyncio.create_task(self._keep())

    async def close(self) -> None:
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        self._client = None

    async def _keep(self) -> None:
        while True:
            async with outliving_mistakes("temporal link"):
                await self._look()
            await asyncio.sleep(LOOK_EVERY.total_seconds())

    async def _look(self) -> None:
        if self._client is None:
            self._client = await connect_with_patience(self._settings)
        was_up, self._is_up = self._is_up, await what_is_missing(self._client) is None
        if was_up != self._is_up:
            log.info("temporal.up" if self._is_up else "temporal.away")
