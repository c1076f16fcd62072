"""An event loop whose clock jumps to the next timer: waiting costs nothing, every run is the same."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class NothingWillHappenError(Exception):
    """Every task waits and no timer is set."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """Time begins at 0 and passes only while every task waits."""

    def __init__(self) -> None:
        self.now = 0.0
        super().__init__(_JumpingSelector(self))
        self._clock_resolution = 1e-9

    def time(self) -> float:
        return self.now


class _JumpingSelector(selectors.SelectSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise NothingWillHappenError
        self._loop.now += timeout
        return []


def run_virtually(main: Coroutine[Any, Any, T]) -> T:
    """Like asyncio.run, on a clock of its own."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
