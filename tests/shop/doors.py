"""Doors at the two ends of every activity, for the moments that dice cannot script."""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

import temporalio.client
from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from domain.faults import Fault
from tests.shop.waiting import PATIENCE

Deed = Callable[..., Any]

# As often as a race would, so that Temporal does not take the waiting for a death.
HEARTBEAT_EVERY_SECONDS = 0.4


class Side(Enum):
    """Before the deed, or after its commit and before its answer."""

    BEFORE = auto()
    AFTER = auto()


@dataclass(slots=True)
class Door:
    """Shut for one call, which waits behind it; open again for all that follow."""

    reached: asyncio.Event = field(default_factory=asyncio.Event)
    opened: asyncio.Event = field(default_factory=asyncio.Event)

    async def has_stopped_one(self) -> None:
        """Return once an activity waits behind it."""
        await asyncio.wait_for(self.reached.wait(), PATIENCE.total_seconds())

    def open(self) -> None:
        self.opened.set()

    async def pass_through(self) -> None:
        self.reached.set()
        while not self.opened.is_set():
            if not activity.info().is_local:
                activity.heartbeat()
            with suppress(TimeoutError):
                await asyncio.wait_for(self.opened.wait(), HEARTBEAT_EVERY_SECONDS)


class Doors(temporalio.client.Interceptor, Interceptor):
    """All open, until a test shuts one; an activity is named by its function."""

    def __init__(self) -> None:
        self._shut: dict[tuple[Side, str], Door] = {}
        self._every: list[Door] = []
        self._answers_to_lose: Counter[str] = Counter()

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        return _Doorway(next, self)

    def shut_before(self, deed: Deed) -> Door:
        """The next call of `deed` waits before it begins."""
        return self._shut_one(Side.BEFORE, deed)

    def shut_after(self, deed: Deed) -> Door:
        """The next call of `deed` is done and committed, but its workflow does not hear of it yet."""
        return self._shut_one(Side.AFTER, deed)

    def lose_the_answer_of(self, deed: Deed, *, times: int = 1) -> None:
        """The next calls of `deed` are done and committed, but Temporal is told that they failed."""
        self._answers_to_lose[deed.__name__] += times

    def open_all(self) -> None:
        self._shut.clear()
        for door in self._every:
            door.open()

    @property
    def answers_to_lose(self) -> int:
        """How many answers were to be lost and have not been, for a test to see that it tested something."""
        return self._answers_to_lose.total()

    async def pass_through(self, side: Side, deed: str) -> None:
        if door := self._shut.pop((side, deed), None):
            await door.pass_through()

    def loses_this_answer_of(self, deed: str) -> bool:
        if not self._answers_to_lose[deed]:
            return False
        self._answers_to_lose[deed] -= 1
        return True

    def _shut_one(self, side: Side, deed: Deed) -> Door:
        door = self._shut[side, deed.__name__] = Door()
        self._every.append(door)
        return door


class _Doorway(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, doors: Doors) -> None:  # noqa: A002
        super().__init__(next)
        self._doors = doors

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        deed = activity.info().activity_type
        await self._doors.pass_through(Side.BEFORE, deed)
        answer = await super().execute_activity(input)
        await self._doors.pass_through(Side.AFTER, deed)
        if self._doors.loses_this_answer_of(deed):
            raise Fault(f"the answer of {deed} is lost")
        return answer
