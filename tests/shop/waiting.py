"""Waiting for a condition, never for a time."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

T = TypeVar("T")

# Far beyond what a loaded machine needs: whoever waits longer waits for what does not come.
PATIENCE = timedelta(seconds=30)

LOOK_EVERY = timedelta(milliseconds=20)


async def eventually(look: Callable[[], Awaitable[T]], *, wanted: str, patience: timedelta = PATIENCE) -> T:
    """Return the first true answer of `look`; fail with the last one when patience ends."""
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + patience.total_seconds()
    while not (seen := await look()):
        if loop.time() > ends_at:
            raise AssertionError(f"waited {patience} for {wanted}, last saw {seen!r}")
        await asyncio.sleep(LOOK_EVERY.total_seconds())
    return seen
