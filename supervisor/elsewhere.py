"""How a Temporal server that is somebody else's fares, and the workers, wherever they run: it knows."""

import asyncio
import time
from collections.abc import Sequence
from datetime import timedelta

from config.settings import Settings
from engine.connection import temporal_address
from supervisor.processes import ProcessSpec
from supervisor.readiness import Lookout
from supervisor.status import Component, remote_temporal, remote_worker

# A look is a connection and several questions: however many want to know, it is taken no more often.
LOOK_EVERY = timedelta(seconds=1)


class Elsewhere:
    """Looks at the server that `settings` name, when somebody asks and not too often."""

    def __init__(self, settings: Settings, workers: Sequence[ProcessSpec]) -> None:
        self._settings = settings
        self._workers = workers
        self._one_look_at_a_time = asyncio.Lock()
        self._seen: list[Component] = []
        self._look_again_at = 0.0

    async def components(self) -> list[Component]:
        """Return the server first, then the workers, as they were seen last."""
        async with self._one_look_at_a_time:
            if time.monotonic() >= self._look_again_at:
                self._seen = await self._look()
                self._look_again_at = time.monotonic() + LOOK_EVERY.total_seconds()
            return self._seen

    async def forget(self) -> None:
        """What was seen, or is being seen, holds no more: whoever asks next has it looked at anew."""
        async with self._one_look_at_a_time:
            self._look_again_at = 0.0

    async def _look(self) -> list[Component]:
        lookout = Lookout(self._settings)
        lacks = await lookout.what_temporal_lacks()
        polling = await asyncio.gather(*(lookout.who_polls(spec) for spec in self._workers))
        workers = [
            remote_worker(spec.name, polls) for spec, polls in zip(self._workers, polling, strict=True)
        ]
        return [remote_temporal(temporal_address(self._settings), missing=lacks), *workers]
