"""One child kept alive: adopted or spawned, watched, respawned at once, or ever later if it never works."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import psutil

from supervisor.faults import StartFault
from supervisor.processes import ProcessSpec, ProcessTable, end, exit_code, has_ended
from supervisor.status import Component, ComponentState

log = logging.getLogger(__name__)

# A killed child is to be back within a second: half of it for noticing and spawning.
LOOK_EVERY = timedelta(seconds=0.2)

# One life that ended before it worked may be bad luck; from the second on there is a pause, which doubles.
FIRST_PAUSE = timedelta(seconds=0.25)
LONGEST_PAUSE = timedelta(seconds=15)

# After so many the child is not going to work by itself, and who waits for it is told.
HOPELESS_AFTER = 4

# How much of a log a message may quote.
QUOTED_BYTES = 2000


def pause_before(lives_in_vain: int) -> timedelta:
    """How long to wait before the next life, after so many in a row that ended before the child worked."""
    doublings = min(lives_in_vain, 20) - 2
    return min(FIRST_PAUSE * 2**doublings, LONGEST_PAUSE) if doublings >= 0 else timedelta()


async def _nothing() -> None:
    """What most children need before they are spawned."""


class Child:
    """The one process of `spec`; `prepare` runs before each spawn, `changed` is called when there is news."""

    def __init__(
        self,
        spec: ProcessSpec,
        table: ProcessTable,
        *,
        changed: Callable[[], None],
        prepare: Callable[[], Awaitable[None]] = _nothing,
    ) -> None:
        self.spec = spec
        self._table = table
        self._changed = changed
        self._prepare = prepare
        self._process: psutil.Process | None = None
        self._born_at = 0.0
        self._log_begins_at = 0
        self._works = False
        self._has_worked = False
        self._lives_in_vain = 0
        self._last_words: str | None = None
        self._hurry = asyncio.Event()

    @property
    def process(self) -> psutil.Process | None:
        """What is alive now, as far as is known; None between two lives."""
        return self._process

    @property
    def is_hopeless(self) -> bool:
        return self._lives_in_vain >= HOPELESS_AFTER

    def component(self, address: str | None = None) -> Component:
        return Component(
            name=self.spec.name,
            state=self._state(),
            pid=self._process.pid if self._process else None,
            address=address,
            detail=None if self._works else self._last_words,
        )

    async def adopt(self) -> None:
        """A process of this spec that outlived its owner is ours; one of an outdated spec has ended."""
        found = await asyncio.to_thread(self._table.search, self.spec.name)
        if found is None:
            return
        if found.fingerprint == self.spec.fingerprint:
            self._begin(found.process, "child.adopted")
            return
        log.info("child.outdated", extra={"component": self.spec.name, "pid": found.process.pid})
        await end(found.process, self.spec.grace)

    async def look_after(self) -> None:
        """Keep the child alive until cancelled; cancelling leaves it as it is."""
        while True:
            try:
                await self._live()
            except (OSError, StartFault, psutil.Error) as error:
                self._last_words = f"cannot be started: {error}"
            await self._pause()

    def try_again(self) -> None:
        """Its failures are forgiven, and a pause ends now."""
        self._lives_in_vain = 0
        self._hurry.set()

    def testify(self, process: psutil.Process, *, works: bool) -> None:
        """Take down whether `process` has been seen working; of a predecessor nothing is taken down."""
        if process is not self._process:
            return
        if works and not self._has_worked:
            log.info("child.ready", extra={"component": self.spec.name, "pid": self._pid()})
            self._has_worked = True
            self._lives_in_vain = 0
        if works != self._works:
            self._works = works
            self._changed()

    def log_tail(self) -> str:
        """The last lines that the present life, or the last one, wrote to its log."""
        with contextlib.suppress(OSError), self._table.log_file(self.spec.name).open("rb") as file:
            length = file.seek(0, 2)
            file.seek(max(self._log_begins_at, length - QUOTED_BYTES))
            return file.read().decode(errors="replace").strip()
        return ""

    async def _live(self) -> None:
        process = self._process or await self._spawn()
        while not has_ended(process):  # noqa: ASYNC110 - an adopted process does not announce its end
            await asyncio.sleep(LOOK_EVERY.total_seconds())
        code = exit_code(process)
        self._last_words = "ended" if code is None else f"ended with exit code {code}"

    async def _spawn(self) -> psutil.Process:
        await self._prepare()
        self._log_begins_at = _size(self._table.log_file(self.spec.name))
        process = self._table.spawn(self.spec)
        self._begin(process, "child.started")
        return process

    def _begin(self, process: psutil.Process, event: str) -> None:
        self._process = process
        self._born_at = time.monotonic()
        self._has_worked = self._works = False
        log.info(event, extra={"component": self.spec.name, "pid": process.pid})
        self._changed()

    async def _pause(self) -> None:
        self._lives_in_vain = 0 if self._has_worked else self._lives_in_vain + 1
        pause = pause_before(self._lives_in_vain)
        self._report_end(pause)
        self._process = None
        self._works = self._has_worked = False
        self._changed()
        self._hurry.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause.total_seconds()):
                await self._hurry.wait()

    def _report_end(self, pause: timedelta) -> None:
        """Log it, loudly once it repeats itself, and keep the words for the status."""
        ended = self._last_words
        if self._lives_in_vain > 1:
            self._last_words = (
                f"{ended}, {self._lives_in_vain} times in a row before it worked; "
                f"tried again after {pause.total_seconds():g} s; see {self._table.log_file(self.spec.name)}"
            )
        level = logging.ERROR if self._lives_in_vain > 1 else logging.WARNING
        log.log(
            level,
            "child.died",
            extra={
                "component": self.spec.name,
                "pid": self._pid(),
                "reason": ended,
                "lived_seconds": round(time.monotonic() - self._born_at, 1) if self._process else 0,
                "lives_in_vain": self._lives_in_vain,
                "retried_in_seconds": pause.total_seconds(),
            },
        )

    def _state(self) -> ComponentState:
        if self._works:
            return ComponentState.READY
        if self._process is None and self._lives_in_vain > 1:
            return ComponentState.BACKING_OFF
        return ComponentState.UNREACHABLE if self._has_worked and self._process else ComponentState.STARTING

    def _pid(self) -> int | None:
        return self._process.pid if self._process else None


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0
