"""The bookkeeper of one race: whoever has to know hears of every attempt's launch and end."""

import logging
from collections.abc import Callable

from hedging.records import Attempt, AttemptRecord, Outcome, tell
from hedging.scope import HedgeScope
from hedging.state import StageState
from hedging.watch import RaceWatch

log = logging.getLogger(__name__)


class Book:
    """Tells the scope's watch, the stage that learns and the sinks; decides nothing."""

    def __init__(
        self, scope: HedgeScope, stage: StageState, watch: RaceWatch, clock: Callable[[], float]
    ) -> None:
        self._scope = scope
        self._stage = stage
        self._watch = watch
        self._clock = clock
        self._opened_at = clock()

    def open(self) -> None:
        self._watch.race_started(self, self._clock, self._opened_at)

    def close(self) -> None:
        self._watch.race_ended(self, self._clock())

    def launched(self, attempt: Attempt) -> None:
        self._stage.launched(attempt)
        self._watch.launched(attempt, self._clock)

    def ended(self, attempt: Attempt) -> None:
        """Enter an attempt whose task has ended and whose outcome is known."""
        self._enter(attempt, is_stray=False)

    def left_behind(self, attempt: Attempt) -> None:
        """Enter an attempt that still runs though it was told to end: never in silence."""
        log.warning("hedge.stray", extra={"stage": self._scope.stage, "number": attempt.number})
        self._stage.keep_stray(attempt)
        self._enter(attempt, is_stray=True)

    def _enter(self, attempt: Attempt, *, is_stray: bool) -> None:
        now = self._clock()
        self._watch.ended(attempt)
        self._stage.ended(attempt, now)
        if self._scope.sinks and attempt.outcome:
            tell(self._scope.sinks, self._record_of(attempt, attempt.outcome, now, is_stray=is_stray))

    def _record_of(self, attempt: Attempt, outcome: Outcome, now: float, *, is_stray: bool) -> AttemptRecord:
        return AttemptRecord(
            stage=self._scope.stage,
            number=attempt.number,
            cause=attempt.cause,
            outcome=outcome,
            started_after_seconds=attempt.started - self._opened_at,
            age_seconds=attempt.age(now),
            error=None if attempt.error is None else type(attempt.error).__name__,
            is_stray=is_stray,
            delay_seconds=self._stage.delay.seconds,
            tokens=self._stage.bucket.tokens,
        )
