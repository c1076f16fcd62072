"""Race attempts of a flaky call: the first success wins, and nothing of the race outlives it.

One attempt starts. One that fails is replaced at once. When nothing is heard for the stage's learned delay
another joins, and when `hedges` are running the oldest but the first makes room for a fresh one. So neither
errors nor any number of hangs strand the caller, and a call that works costs one attempt.

May import: domain, hedging.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from math import inf
from typing import Any, Generic, TypeVar

from domain.faults import DeadlineFault, Fault
from hedging.pace import Pace
from hedging.records import Attempt, AttemptRecord, AttemptSink, Cause, Outcome, tell
from hedging.scope import HedgeScope, current_scope, hedge_scope, leave_scope
from hedging.state import HedgeState, process_state
from hedging.watch import RaceWatch

__all__ = [
    "AttemptRecord",
    "AttemptSink",
    "HedgeScope",
    "HedgeState",
    "RaceWatch",
    "hedge_scope",
    "run_with_hedges",
]

log = logging.getLogger(__name__)
T = TypeVar("T")
Call = Callable[..., Awaitable[T]]

# Weather. Anything else, a refusal or a bug, ends the race at once and is not tried again.
RETRYABLE = (Fault, ConnectionError, TimeoutError)

# How long a race waits for attempts it has told to end.
GRACE = timedelta(milliseconds=250)


async def run_with_hedges(fn: Call[T], /, *args: Any, hedges: int = 7, **kwargs: Any) -> T:
    """Return the first success of up to `hedges` concurrent attempts of `fn(*args, **kwargs)`.

    `hedges` counts every attempt in flight; 1 is a single stream: one call, its error raised as it is. The
    scope around the call sets everything else. Raises DeadlineFault, caused by the last error, when the
    scope's deadline passes; without a deadline that error itself, once sixteen in a row have failed; an error
    that is not RETRYABLE as soon as it occurs; CancelledError only if the caller was cancelled.
    """
    if hedges < 1:
        raise ValueError(f"hedges counts the first attempt too: at least 1, not {hedges}")
    scope, watch = current_scope() or (HedgeScope(stage=_name_of(fn)), RaceWatch())
    return await _Race(partial(fn, *args, **kwargs), hedges, scope, watch).run()


class _Race(Generic[T]):
    """One call's attempts, from the first launch to the end of the last."""

    def __init__(
        self, call: Callable[[], Awaitable[T]], hedges: int, scope: HedgeScope, watch: RaceWatch
    ) -> None:
        self._call = call
        self._hedges = hedges
        self._scope = scope
        self._watch = watch
        self._stage = (scope.state or process_state()).stage(scope.stage)
        self._pace = Pace(self._stage)
        self._loop = asyncio.get_running_loop()
        self._started = self._loop.time()
        self._deadline = inf if scope.deadline is None else self._started + scope.deadline.total_seconds()
        self._running: list[Attempt] = []
        self._launches = 0
        self._is_over = False
        self._last_error: BaseException | None = None
        self._losers_are = Outcome.CANCELLED
        self._bell: asyncio.Future[asyncio.Task[T] | None]

    async def run(self) -> T:
        """Launch, listen and replace until an attempt wins; whatever happens, see all the others out."""
        self._watch.race_started(self, self._loop.time, self._started)
        try:
            self._start()
            while (winner := self._settle()) is None:
                self._keep_the_deadline()
                self._keep_the_pace()
                await self._something_ends(before=self._next_appointment())
            result: T = winner.task.result()
            return result
        finally:
            await self._see_losers_out()
            self._watch.race_ended(self, self._loop.time())

    def _start(self) -> None:
        self._launch(0, Cause.FIRST)
        for _ in range(min(self._scope.burst, self._hedges) - 1):
            self._launch_extra(Cause.BURST)

    def _settle(self) -> Attempt | None:
        """Take in what has ended since the last look: a success before fatal errors before replacements."""
        ended = self._close_ended()
        for attempt in ended:
            if attempt.outcome is Outcome.WON:
                return attempt
        for attempt in ended:
            self._stop_if_final(attempt)
        for attempt in ended:
            self._replace(attempt)
        return None

    def _stop_if_final(self, attempt: Attempt) -> None:
        """Raise an error that no other attempt could mend, and any error of a single stream."""
        if attempt.outcome is not Outcome.FAILED or attempt.error is None:
            return
        self._last_error = attempt.error
        if self._hedges == 1 or not isinstance(attempt.error, RETRYABLE):
            raise attempt.error

    def _replace(self, ended: Attempt) -> None:
        if ended.successor is not None:
            self._launch(ended.slot, ended.successor)
        elif self._pace.replaces_at_once(self._loop.time()):
            self._launch_extra(Cause.ERROR)
        elif not self._running and self._deadline == inf and self._last_error is not None:
            raise self._last_error

    def _keep_the_deadline(self) -> None:
        if self._loop.time() >= self._deadline:
            self._losers_are = Outcome.HUNG
            raise DeadlineFault(
                f"{self._scope.stage}: no winner in {self._scope.deadline}"
            ) from self._last_error

    def _keep_the_pace(self) -> None:
        if self._hedges > 1 and self._loop.time() >= self._pace.next_at:
            self._launch_extra(Cause.GAP if self._running else Cause.ERROR)

    def _next_appointment(self) -> float:
        return self._deadline if self._hedges == 1 else min(self._deadline, self._pace.next_at)

    def _launch_extra(self, cause: Cause) -> None:
        """Launch into the lowest free slot, or rotate where none is; later, if the stage cannot pay now."""
        slot = self._free_slot()
        if slot is None:
            self._rotate(cause)
        elif admitted := self._stage.admit(cause, self._loop.time(), adds_one=slot > 0):
            self._launch(slot, admitted)
        else:
            self._pace.denied(self._loop.time())

    def _rotate(self, cause: Cause) -> None:
        """Retire the oldest but the first; its successor waits for its end, so it is never one too many."""
        now = self._loop.time()
        oldest = next((a for a in self._running if a.slot > 0 and a.dismissed_as is None), None)
        if oldest and (admitted := self._stage.admit(cause, now, adds_one=False)):
            oldest.successor = admitted
            oldest.dismiss(Outcome.HUNG, now)
            self._pace.rotated(now)
        else:
            self._pace.denied(now)

    def _free_slot(self) -> int | None:
        taken = {attempt.slot for attempt in self._running}
        return next((slot for slot in range(self._hedges) if slot not in taken), None)

    def _launch(self, slot: int, cause: Cause) -> None:
        now = self._loop.time()
        self._launches += 1
        task = self._loop.create_task(self._attempt(), name=f"{self._scope.stage}#{self._launches}")
        task.add_done_callback(self._ring)
        attempt = Attempt(number=self._launches, slot=slot, cause=cause, started=now, task=task)
        self._running.append(attempt)
        self._stage.launched(attempt)
        self._watch.launched(attempt, self._loop.time)
        self._pace.launched(cause, now)

    async def _attempt(self) -> T:
        leave_scope()
        return await self._call()

    async def _something_ends(self, *, before: float) -> None:
        """Return when an attempt has ended, or at the loop's time `before`, all of that tick let in."""
        self._bell = self._loop.create_future()
        timer = self._loop.call_at(before, self._ring) if before < inf else None
        try:
            if await self._bell is None:
                await asyncio.sleep(0)
        finally:
            if timer:
                timer.cancel()

    def _ring(self, ended: "asyncio.Task[T] | None" = None) -> None:
        if not self._bell.done():
            self._bell.set_result(ended)

    async def _see_losers_out(self) -> None:
        """Tell every attempt to end, wait at most the grace, then raise the caller's cancel, if one came."""
        self._is_over = True
        self._close_ended()
        patience_ends = self._loop.time() + GRACE.total_seconds()
        for attempt in self._running:
            attempt.dismiss(self._losers_are, self._loop.time())
        interruption = None
        while self._running and self._loop.time() < patience_ends:
            try:
                await self._something_ends(before=patience_ends)
            except asyncio.CancelledError as cancelled:
                interruption = cancelled
            self._close_ended()
        for attempt in list(self._running):
            self._report_stray(attempt)
        if interruption:
            raise interruption

    def _close_ended(self) -> list[Attempt]:
        """Take the ended attempts out of the race, each with its outcome reported."""
        ended = [attempt for attempt in self._running if attempt.task.done()]
        for attempt in ended:
            attempt.close(race_is_over=self._is_over)
            self._is_over = self._is_over or attempt.outcome is Outcome.WON
            self._report(attempt)
        return ended

    def _report(self, attempt: Attempt, *, is_stray: bool = False) -> None:
        now = self._loop.time()
        self._running.remove(attempt)
        self._watch.ended(attempt)
        self._stage.learn(attempt)
        if self._scope.sinks:
            record = self._record_of(attempt, now, is_stray=is_stray)
            tell(self._scope.sinks, record)

    def _report_stray(self, attempt: Attempt) -> None:
        """An attempt that ignored its cancel is left behind, but never in silence."""
        attempt.outcome = self._losers_are
        log.warning("hedge.stray", extra={"stage": self._scope.stage, "number": attempt.number})
        self._stage.keep_stray(attempt)
        self._report(attempt, is_stray=True)

    def _record_of(self, attempt: Attempt, now: float, *, is_stray: bool) -> AttemptRecord:
        return AttemptRecord(
            stage=self._scope.stage,
            number=attempt.number,
            cause=attempt.cause,
            outcome=attempt.outcome or self._losers_are,
            started_after_seconds=attempt.started - self._started,
            age_seconds=attempt.age(now),
            error=None if attempt.error is None else type(attempt.error).__name__,
            is_stray=is_stray,
            delay_seconds=self._stage.delay_seconds,
            tokens=self._stage.bucket.tokens,
        )


def _name_of(fn: Callable[..., object]) -> str:
    """Module and qualified name; of a partial, what it calls; of a callable object, its class."""
    while isinstance(fn, partial):
        fn = fn.func
    named = fn if hasattr(fn, "__qualname__") else type(fn)
    return f"{named.__module__}.{named.__qualname__}"
