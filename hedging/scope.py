"""What travels beside a hedged call, so that the call's own arguments stay its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta

from hedging.records import AttemptSink
from hedging.state import HedgeState
from hedging.watch import RaceWatch


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgeScope:
    """How the races inside are run.

    `stage` names what is learned together. `deadline` counts from each race's start; without one a race
    ends only by a result. `state` is what is learned and spent, the process's own by default. `burst`
    attempts start together: 2 or 3 where success itself is slow and its median matters more than its price.
    """

    stage: str
    deadline: timedelta | None = None
    state: HedgeState | None = None
    sinks: tuple[AttemptSink, ...] = ()
    burst: int = 1


_current: ContextVar[tuple[HedgeScope, RaceWatch] | None] = ContextVar("hedge_scope", default=None)


@contextmanager
def hedge_scope(scope: HedgeScope) -> Iterator[RaceWatch]:
    """Every race started inside is run by `scope` and seen by the watch that is given."""
    watch = RaceWatch()
    token = _current.set((scope, watch))
    try:
        yield watch
    finally:
        _current.reset(token)


def current_scope() -> tuple[HedgeScope, RaceWatch] | None:
    return _current.get()


def leave_scope() -> None:
    """Put the current task outside any scope: a race that an attempt starts is not its own race's."""
    _current.set(None)
