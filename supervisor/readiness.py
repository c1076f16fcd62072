"""Whether what was started works, by Temporal's own word."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta

from temporalio.client import Client
from temporalio.service import RPCError

from config.settings import Settings
from engine.connection import connect, first_line
from engine.needs import what_is_missing
from engine.pollers import living_pollers_of, pollers_of, worker_identity
from supervisor.processes import ProcessSpec

# A healthy server answers in milliseconds; the first question connects as well.
ANSWER_WITHIN = timedelta(seconds=3)


class Lookout:
    """Asks the Temporal server that `settings` name; keeps its connection until it fails."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: Client | None = None

    async def what_temporal_lacks(self) -> str | None:
        """Return what is to be mended before orders can be worked on, None if nothing is."""
        try:
            async with asyncio.timeout(ANSWER_WITHIN.total_seconds()):
                if self._client is None:
                    self._client = await connect(self._settings)
                missing = await what_is_missing(self._client)
        except (RuntimeError, RPCError) as error:
            missing = first_line(error)
        except TimeoutError:
            missing = "the server does not answer"
        if missing:
            self.forget()
        return missing

    async def polls(self, spec: ProcessSpec, pids: Iterable[int]) -> bool | None:
        """Whether one of `pids` polls the queue of `spec`; None if the server does not tell."""
        if spec.queue is None or self._client is None:
            return None
        try:
            polling = await pollers_of(self._client, spec.queue)
        except RPCError:
            return None
        return any(worker_identity(spec.name, pid) in polling for pid in pids)

    async def who_polls(self, spec: ProcessSpec) -> frozenset[str]:
        """Return who polls the queue of `spec`, wherever they run; nobody if the server does not tell."""
        if spec.queue is None or self._client is None:
            return frozenset()
        try:
            return await living_pollers_of(self._client, spec.queue)
        except RPCError:
            return frozenset()

    def forget(self) -> None:
        """Let go of the connection; the next question makes a new one."""
        self._client = None
