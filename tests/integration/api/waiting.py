"""Waiting for a condition, never for a time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# Far beyond what a loaded machine needs: whoever waits longer waits for what does not come.
PATIENCE_SECONDS = 40

LOOK_EVERY_SECONDS = 0.02


def eventually(look: Callable[[], T], *, wanted: str) -> T:
    """Return the first true answer of `look`; fail with the last one when patience ends."""
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while not (seen := look()):
        assert time.monotonic() < ends_at, f"waited for {wanted}, last saw {seen!r}"
        time.sleep(LOOK_EVERY_SECONDS)
    return seen
