"""One attempt of a race: its life while it runs, and the record it leaves behind."""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from domain.faults import Fault

log = logging.getLogger(__name__)


class Cause(StrEnum):
    """Why an attempt was launched."""

    FIRST = "first"
    BURST = "burst"  # beside the first one, where the scope asks for it
    ERROR = "error"  # in place of one that failed
    GAP = "gap"  # nothing was heard for a while
    PROBE = "probe"  # no tokens left, or an outage: a paced look whether the weather has changed


class Outcome(StrEnum):
    """How an attempt ended."""

    WON = "won"
    FAILED = "failed"
    HUNG = "hung"  # retired to make room for a fresh one, or out of time
    CANCELLED = "cancelled"  # still running when the race ended
    SURPLUS = "surplus"  # succeeded, but the race was over


@dataclass(slots=True, eq=False)
class Attempt:
    """One call of the raced function; `number` counts from 1 in launch order, times are loop seconds."""

    number: int
    slot: int
    cause: Cause
    started: float
    task: "asyncio.Task[Any]"
    dismissed_as: Outcome | None = None
    dismissed_at: float = 0.0
    successor: Cause | None = None
    outcome: Outcome | None = None
    error: BaseException | None = None

    def dismiss(self, outcome: Outcome, now: float) -> None:
        """Tell the attempt to end, once: a second cancel would interrupt its cleaning up."""
        if self.dismissed_as is None:
            self.dismissed_as, self.dismissed_at = outcome, now
            self.task.cancel()

    def close(self, *, race_is_over: bool) -> None:
        """Read outcome and error from the ended task; a cancel nobody asked for is a failure."""
        cancelled = self.task.cancelled()
        self.error = None if cancelled else self.task.exception()
        if cancelled and self.dismissed_as is None:
            self.error = Fault("the attempt cancelled itself")
        if self.error is None and not cancelled:
            self.outcome = Outcome.SURPLUS if race_is_over else Outcome.WON
        else:
            self.outcome = self.dismissed_as or Outcome.FAILED

    def age(self, now: float) -> float:
        """Seconds it was given: until it was told to end, else until now."""
        return (now if self.dismissed_as is None else self.dismissed_at) - self.started


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRecord:
    """What one attempt came to. `is_stray`: told to end, it was still running when its race stopped waiting.

    `started_after_seconds` counts from the start of the race; `age_seconds` ends when the attempt ended
    or was told to; `delay_seconds` and `tokens` are the stage's at that moment.
    """

    stage: str
    number: int
    cause: Cause
    outcome: Outcome
    started_after_seconds: float
    age_seconds: float
    error: str | None
    is_stray: bool
    delay_seconds: float
    tokens: int


class AttemptSink(Protocol):
    """Whoever wants to hear of every attempt."""

    def record(self, record: AttemptRecord, /) -> None: ...


def tell(sinks: Iterable[AttemptSink], record: AttemptRecord) -> None:
    """Every sink has heard of the attempt; one that fails is logged and costs the race nothing."""
    for sink in sinks:
        try:
            sink.record(record)
        except Exception:  # whatever is wrong with an onlooker is not the order's fault
            log.exception("hedge.sink_failed", extra={"sink": type(sink).__name__})
