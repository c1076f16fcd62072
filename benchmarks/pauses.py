"""How long to wait before looking again: the longer one has waited, the longer."""

from collections.abc import Iterator

# Of each pause to the one before it.
GROWTH = 1.25


def growing(first: float, longest: float) -> Iterator[float]:
    """Yield pauses in seconds, without end: who waits long leaves the machine to what is waited for."""
    pause = first
    while True:
        yield pause
        pause = min(pause * GROWTH, longest)
