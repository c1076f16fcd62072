"""An event loop whose clock jumps to the next timer: waiting costs nothing, every run is the same.

It keeps asyncio's order (ready calls first in, first out; timers by time, then by age) and leaves out
what a benchmark of millions of tasks can do without: sockets, threads, debugging.
"""

import asyncio
import contextvars
from collections import deque
from collections.abc import Callable, Coroutine
from heapq import heappop, heappush
from itertools import count
from typing import Any, TypeVar

T = TypeVar("T")


class NothingWillHappenError(Exception):
    """Every task waits and no timer is set."""


class _Call(asyncio.TimerHandle):
    """A call to be made, unless it is cancelled before."""

    __slots__ = ()

    def __init__(
        self,
        callback: Callable[..., object],
        args: tuple[Any, ...],
        context: contextvars.Context | None,
        when: float,
    ) -> None:
        self._callback = callback
        self._args = args
        self._context = contextvars.copy_context() if context is None else context
        self._when = when
        self._cancelled = False
        self._scheduled = False
        self._source_traceback = None

    def cancel(self) -> None:
        self._cancelled = True
        self._callback = self._args = None  # type: ignore[assignment]


class VirtualLoop(asyncio.BaseEventLoop):
    """Time begins at 0 and passes only while every task waits."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._calls: deque[_Call] = deque()
        self._timers: list[tuple[float, int, _Call]] = []
        self._ages = count()

    def time(self) -> float:
        return self._now

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: contextvars.Context | None = None
    ) -> _Call:
        call = _Call(callback, args, context, self._now)
        self._calls.append(call)
        return call

    def call_at(  # type: ignore[override]
        self,
        when: float,
        callback: Callable[..., object],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> _Call:
        call = _Call(callback, args, context, when)
        heappush(self._timers, (when, next(self._ages), call))
        return call

    def _run_once(self) -> None:
        if not self._calls:
            self._jump()
        for _ in range(len(self._calls)):
            call = self._calls.popleft()
            if not call._cancelled:
                call._context.run(call._callback, *call._args)

    def _jump(self) -> None:
        """Move the clock to the next timer that still counts and make ready all of that moment."""
        timers = self._timers
        while timers and timers[0][2]._cancelled:
            heappop(timers)
        if not timers:
            raise NothingWillHappenError
        self._now = max(self._now, timers[0][0])
        while timers and timers[0][0] <= self._now:
            self._calls.append(heappop(timers)[2])

    def _write_to_self(self) -> None:
        """No other thread ever wakes this loop."""

    def _process_events(self, event_list: list[Any]) -> None:
        """Nothing happens outside."""


def run_virtually(main: Coroutine[Any, Any, T]) -> T:
    """Like asyncio.run, on a clock of its own."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
