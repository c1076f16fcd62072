"""What `POST /server/start` starts, keeps alive and stops."""

import asyncio
import hashlib
import json
import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from config.queues import TaskQueue
from config.settings import Settings
from engine.connection import temporal_address
from supervisor import temporal_server
from supervisor.elsewhere import Elsewhere
from supervisor.faults import StartFault
from supervisor.household import Household
from supervisor.ownership import Ownership
from supervisor.processes import ProcessSpec, ProcessTable, end
from supervisor.status import (
    API,
    TEMPORAL,
    Component,
    ComponentState,
    ServerStatus,
    summarize,
)

log = logging.getLogger(__name__)

# It takes seconds on an idle machine; the rest is for one that starts many things at once.
START_PATIENCE = timedelta(seconds=60)

WORKERS = tuple(
    ProcessSpec(name=queue.worker, command=(sys.executable, "-m", f"workers.{queue}_worker"), queue=queue)
    for queue in TaskQueue
)


class Supervisor:
    """Looks after the Temporal server, unless it is somebody else's, and after `workers`.

    Nothing happens before the first call; all belong to one event loop. `patience`: how long start may take.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        workers: Sequence[ProcessSpec] = WORKERS,
        patience: timedelta = START_PATIENCE,
    ) -> None:
        self._settings = settings
        # Workers read their settings when they start: one that was started with others is not to be adopted.
        self._workers = [replace(worker, edition=_digest(settings)) for worker in workers]
        self._patience = patience
        self._elsewhere = Elsewhere(settings, self._workers)
        self._table = ProcessTable(settings.data_dir)
        self._ownership = Ownership(settings.data_dir)
        self._household: Household | None = None
        self._starting: asyncio.Task[None] | None = None
        self._stopping: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()

    @property
    def is_watching(self) -> bool:
        """Whether this process looks after the children now."""
        return self._household is not None

    async def start(self) -> ServerStatus:
        """Everything is ready: what was missing has been started, what outlived its owner adopted.

        Calls at the same time share one start. Raises PortTaken or AlreadySupervised, and nothing has been
        started; or StartFault, and what has been started stays and is tried again.
        """
        if self._starting is None:
            self._starting = asyncio.create_task(self._bring_up())
            self._starting.add_done_callback(self._start_is_over)
        await _share(self._starting)
        return await self.status()

    async def stop(self) -> ServerStatus:
        """Nothing is left: first the workers have drained and ended, then the Temporal server.

        Also ends what an earlier owner left behind. A start under way is called off. Calls at the same time
        share one stop. Raises AlreadySupervised if another process looks after the children.
        """
        if self._stopping is None:
            self._stopping = asyncio.create_task(self._bring_down())
            self._stopping.add_done_callback(self._stop_is_over)
        await _share(self._stopping)
        return await self.status()

    async def release(self) -> None:
        """The children run on, unwatched, to be adopted by the next owner."""
        await self._call_off_start()
        async with self._turn:
            await self._look_away()
            self._ownership.give_up()

    async def status(self) -> ServerStatus:
        """Return what is known now: from the watches, else from pid files and a look at a remote server."""
        address = f"{self._settings.api_host}:{self._settings.api_port}"
        api = Component(name=API, state=ComponentState.READY, pid=os.getpid(), address=address)
        household = self._household
        components = [api, *(household.components() if household else await self._unwatched())]
        state = summarize(
            components,
            watched=household is not None,
            starting=self._starting is not None,
            stopping=self._stopping is not None,
        )
        return ServerStatus(state=state, components=components)

    async def _bring_up(self) -> None:
        async with self._turn:
            if self._household is None:
                self._household = await self._take_charge()
            else:
                self._household.try_again()
        await self._household.all_ready(self._patience)

    async def _take_charge(self) -> Household:
        await self._ownership.take()
        try:
            household = Household(self._settings, self._workers, self._table)
            await household.gather()
        except BaseException:
            self._ownership.give_up()
            raise
        return household

    async def _bring_down(self) -> None:
        await self._call_off_start()
        async with self._turn:
            await self._ownership.take()
            try:
                await self._look_away()
                await asyncio.gather(*(self._end(spec.name, spec.grace) for spec in self._workers))
                await self._end(TEMPORAL, temporal_server.GRACE)
            finally:
                self._ownership.give_up()
                await self._elsewhere.forget()

    async def _end(self, name: str, grace: timedelta) -> None:
        if found := await asyncio.to_thread(self._table.search, name):
            in_order = await end(found.process, grace)
            about = {"component": name, "pid": found.process.pid, "in_order": in_order}
            log.info("child.ended", extra=about)
        self._table.forget(name)

    async def _call_off_start(self) -> None:
        if self._starting:
            self._starting.cancel()
            await asyncio.wait([self._starting])

    async def _look_away(self) -> None:
        if self._household:
            await self._household.look_away()
            self._household = None

    async def _unwatched(self) -> list[Component]:
        if not self._settings.uses_embedded_temporal:
            return await self._elsewhere.components()
        workers = [self._by_pid_file(spec.name) for spec in self._workers]
        return [self._by_pid_file(TEMPORAL, temporal_address(self._settings)), *workers]

    def _by_pid_file(self, name: str, address: str | None = None) -> Component:
        found = self._table.find(name)
        return Component(
            name=name,
            state=ComponentState.UNWATCHED if found else ComponentState.STOPPED,
            pid=found.process.pid if found else None,
            address=address,
        )

    def _start_is_over(self, task: asyncio.Task[None]) -> None:
        self._starting = None
        _take_note(task)

    def _stop_is_over(self, task: asyncio.Task[None]) -> None:
        self._stopping = None
        _take_note(task)


async def _share(task: asyncio.Task[None]) -> None:
    """Wait for a task that others wait for too: a caller who goes away does not take it along."""
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        if task.cancelled():
            raise StartFault("a stop called off the start") from None
        raise


def _take_note(task: asyncio.Task[None]) -> None:
    """Its failure counts as seen, even if every caller has gone away."""
    if not task.cancelled():
        task.exception()


def _digest(settings: Settings) -> str:
    """Equal for equal settings, and telling nothing of them."""
    words = json.dumps(settings.model_dump(mode="json"), sort_keys=True)
    return hashlib.sha256(words.encode()).hexdigest()
