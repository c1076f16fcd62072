"""The children of one owner while it looks after them: adopted or started, watched, seen working."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from datetime import timedelta

from config.settings import Settings
from engine.background import outliving_mistakes
from engine.connection import temporal_address
from supervisor.children import Child
from supervisor.faults import StartFault
from supervisor.ports import PortTaken, find_stranger
from supervisor.processes import ProcessSpec, ProcessTable, pids_of
from supervisor.readiness import Lookout
from supervisor.status import Component, ComponentState, remote_temporal
from supervisor.temporal_server import TemporalServer

# How often Temporal is asked who works: while something is missing, and while all is well.
ASK_SOON = timedelta(seconds=0.1)
ASK_LATER = timedelta(seconds=1)

NOT_ASKED_YET = "has not been asked yet"


class Household:
    """The Temporal server, unless it is somebody else's, and the `workers`."""

    def __init__(self, settings: Settings, workers: Sequence[ProcessSpec], table: ProcessTable) -> None:
        """Raises StartFault when there is no `temporal` program to start."""
        self._settings = settings
        self._lookout = Lookout(settings)
        self._temporal_lacks: str | None = NOT_ASKED_YET
        self._news = asyncio.Event()
        self._watches: list[asyncio.Task[None]] = []
        self._workers = [Child(spec, table, changed=self._news.set) for spec in workers]
        self._temporal: Child | None = None
        if settings.uses_embedded_temporal:
            server = TemporalServer(settings, table)
            self._temporal = Child(server.spec(), table, changed=self._news.set, prepare=server.make_database)

    async def gather(self) -> None:
        """Every child is alive or about to be, and watched from now on.

        Raises PortTaken, before anything is started, if a stranger has a port of the Temporal server's.
        """
        await asyncio.gather(*(child.adopt() for child in self._children))
        if self._temporal and not self._temporal.process:
            _refuse_stranger("TEMPORAL_PORT", self._settings.temporal_port)
            _refuse_stranger("TEMPORAL_UI_PORT", self._settings.temporal_ui_port)
        self._watches = [_kept_up(child.spec.name, child.look_after) for child in self._children]
        self._watches.append(_kept_up("lookout", self._look_out))

    async def all_ready(self, patience: timedelta) -> None:
        """Every component works; raises StartFault when `patience` is over, or some child will not work."""
        try:
            async with asyncio.timeout(patience.total_seconds()):
                while self._missing():
                    self._give_up_on_the_hopeless()
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise StartFault(self._what_is_missing()) from None

    def try_again(self) -> None:
        """Whoever pauses after a failure is started now."""
        for child in self._children:
            child.try_again()

    async def look_away(self) -> None:
        """Nobody watches any more; the children are as they were."""
        for watch in self._watches:
            watch.cancel()
        await asyncio.gather(*self._watches, return_exceptions=True)
        self._lookout.forget()

    def components(self) -> list[Component]:
        """The Temporal server first, then the workers."""
        address = temporal_address(self._settings)
        first = (
            self._temporal.component(address)
            if self._temporal
            else remote_temporal(address, missing=self._temporal_lacks)
        )
        return [first, *(worker.component() for worker in self._workers)]

    @property
    def _children(self) -> list[Child]:
        return [self._temporal, *self._workers] if self._temporal else self._workers

    async def _look_out(self) -> None:
        """Ask Temporal again and again what works, and tell the children."""
        while True:
            server = self._temporal.process if self._temporal else None
            lacks = await self._lookout.what_temporal_lacks()
            for worker in self._workers:
                await self._ask_for(worker)
            # Last: all is ready only when a server that has come back knows its workers again.
            self._temporal_lacks = lacks
            if self._temporal and server:
                self._temporal.testify(server, works=lacks is None)
            self._news.set()
            await asyncio.sleep((ASK_SOON if self._missing() else ASK_LATER).total_seconds())

    async def _ask_for(self, worker: Child) -> None:
        if process := worker.process:
            works = await self._lookout.polls(worker.spec, pids_of(process))
            if works is not None:
                worker.testify(process, works=works)

    def _missing(self) -> list[Component]:
        return [part for part in self.components() if part.state is not ComponentState.READY]

    def _give_up_on_the_hopeless(self) -> None:
        if any(child.is_hopeless for child in self._children):
            raise StartFault(self._what_is_missing())

    def _what_is_missing(self) -> str:
        missing = self._missing()
        tails = {child.spec.name: child.log_tail() for child in self._children}
        lines = [f"not ready: {', '.join(part.name for part in missing)}"]
        for part in missing:
            lines += [f"{part.name}: {part.detail or 'does not answer yet'}", tails.get(part.name, "")]
        return "\n".join(line for line in lines if line)


def _refuse_stranger(setting_name: str, port: int) -> None:
    if complaint := find_stranger("127.0.0.1", port):
        raise PortTaken(setting_name, complaint)


def _kept_up(name: str, watch: Callable[[], Coroutine[None, None, None]]) -> asyncio.Task[None]:
    """A watch ends only by being cancelled."""

    async def keep_up() -> None:
        while True:
            async with outliving_mistakes(name):
                await watch()

    return asyncio.create_task(keep_up())
