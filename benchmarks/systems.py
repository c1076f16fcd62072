"""What a whole system must do to be measured, and the recipe one is made by."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from benchmarks.meter import Usage

# So many orders, by how many are under way at a time; fewer where they would take longer than this.
ORDERS: Mapping[int, int] = {1: 200, 50: 300, 10: 300}
LONGEST_SECONDS = 150.0
LOADS = tuple(ORDERS)

# Those that take turns have so many orders in each, however many in all: enough for as many as wanted to be
# under way most of the time, and few enough for the turns to be short.
ORDERS_A_TURN: Mapping[int, int] = {1: 10, 50: 200, 10: 100}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """So far: calls launched, flaky stages they were for, orders its /metrics calls late; None: not told."""

    calls: int = 0
    stages: int = 0
    breached: int | None = None


class System(Protocol):
    """A system that runs, with a server of its own, workers of its own, a database of its own."""

    async def order(self) -> bool:
        """Place an order and see it end; whether it ended well."""
        ...

    async def usage(self) -> Mapping[str, Usage]:
        """By name, of each of its processes."""
        ...

    async def tally(self) -> Tally: ...

    async def spans(self, since: datetime) -> Mapping[str, float]:
        """Of the orders begun since then, mean seconds by what they were spent on; nothing if not known."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A contender: how it is brought up, with which settings; the library that takes; its loads."""

    name: str
    run: Callable[[Mapping[str, str], Path], AbstractAsyncContextManager[System]]
    settings: Mapping[str, str] = field(default_factory=dict)
    library: str | None = None
    orders: Mapping[int, int] = field(default_factory=lambda: ORDERS)
    longest_seconds: float = LONGEST_SECONDS

    def running(self, folder: Path, **more: str) -> AbstractAsyncContextManager[System]:
        """Return the system, up while it is entered; afterwards nothing of it is left."""
        return self.run({**self.settings, **more}, folder)
