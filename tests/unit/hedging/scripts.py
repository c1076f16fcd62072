"""Races on a virtual clock, against attempts that do as a script says."""

import asyncio
import functools
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from benchmarks.virtual_clock import run_virtually
from hedging.records import AttemptRecord

Step = Callable[[], Awaitable[Any]]


def succeeds(value: object = "won", *, after: float = 0.0) -> Step:
    async def step() -> object:
        if after:
            await asyncio.sleep(after)
        return value

    return step


def succeeds_in_two_steps(value: object = "won", *, first: float, second: float) -> Step:
    """Its last timer is set after the race's own for the same moment."""

    async def step() -> object:
        await asyncio.sleep(first)
        await asyncio.sleep(second)
        return value

    return step


def fails(error: BaseException, *, after: float = 0.0) -> Step:
    async def step() -> object:
        if after:
            await asyncio.sleep(after)
        raise error

    return step


def hangs() -> Step:
    return lambda: asyncio.sleep(3600)


def cancels_itself(*, after: float = 0.0) -> Step:
    return fails(asyncio.CancelledError(), after=after)


def ignores_cancels(*, for_seconds: float, value: object = "late") -> Step:
    async def step() -> object:
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + for_seconds
        while loop.time() < ends_at:
            try:
                await asyncio.sleep(ends_at - loop.time())
            except asyncio.CancelledError:
                continue
        return value

    return step


@dataclass
class Script:
    """Attempt number n does the n-th step; past the end, the last step again. Counts who is running."""

    steps: tuple[Step, ...]
    starts: list[float] = field(default_factory=list)
    running: int = 0
    most_running: int = 0

    async def __call__(self) -> Any:
        step = self.steps[min(len(self.starts), len(self.steps) - 1)]
        self.starts.append(asyncio.get_running_loop().time())
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            return await step()
        finally:
            self.running -= 1


@dataclass
class Ledger:
    """A sink that keeps what it is told."""

    records: list[AttemptRecord] = field(default_factory=list)

    def record(self, record: AttemptRecord) -> None:
        self.records.append(record)

    def outcomes(self) -> list[tuple[int, str]]:
        return sorted((record.number, record.outcome.value) for record in self.records)


def on_virtual_clock(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run the asynchronous test on a clock of its own and see that it leaves no task behind."""

    async def checked(**fixtures: Any) -> None:
        await test(**fixtures)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    @functools.wraps(test)
    def runs(**fixtures: Any) -> None:
        run_virtually(checked(**fixtures))

    return runs
