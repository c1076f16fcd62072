"""Race attempts of a flaky call: the first success wins, and nothing of the race outlives it.

One attempt starts. One that fails is replaced at once. When nothing is heard for the stage's learned delay
another joins, and when `hedges` are running the oldest but the first makes room for a fresh one. So neither
errors nor any number of hangs strand the caller, and a call that works costs one attempt.

May import: domain, hedging.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from math import inf
from typing import Any, Generic, TypeVar, cast

from domain.faults import DeadlineFault, Fault
from hedging.book import Book
from hedging.pace import Pace
from hedging.records import Attempt, Cause, Outcome
from hedging.scope import HedgeScope, current_scope, hedge_scope, leave_scope
from hedging.state import HedgeState, process_state
from hedging.watch import RaceWatch

__all__ = ["HedgeScope", "HedgeState", "RaceWatch", "hedge_scope", "run_with_hedges"]

T = TypeVar("T")
Call = Callable[..., Awaitable[T]]

# Weather. Anything else, a refusal or a bug, ends the race at once and is not tried again.
RETRYABLE = (Fault, ConnectionError, TimeoutError)

# How long a race waits for the attempts it has told to end.
GRACE = timedelta(milliseconds=250)


# Edit the default of `hedges` to try things: 1 leaves every retry to Temporal. The README sends its readers
# to line 41 for it, and a test keeps it there.


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
        self._loop = asyncio.get_running_loop()
        self._stage = (scope.state or process_state()).stage(scope.stage)
        self._stage.delay.hedges = hedges
        self._pace = Pace(self._stage)
        self._book = Book(scope, self._stage, watch, self._loop.time)
        self._deadline = inf if scope.deadline is None else self._loop.time() + scope.deadline.total_seconds()
        self._running: list[Attempt] = []
        self._launches = 0
        self._is_over = False
        self._losers_are = Outcome.CANCELLED
        self._last_error: BaseException | None = None
        self._bell: asyncio.Future[asyncio.Task[T] | None] | None = None

    async def run(self) -> T:
        """Launch, listen and replace until an attempt wins; whatever happens, see all the others out."""
        self._book.open()
        try:
            self._start()
            while True:
                now = await self._something_ends(before=self._next_appointment())
                if winner := self._settle():
                    return cast(T, winner.task.result())
                self._keep_the_deadline(now)
                self._keep_the_pace(now)
        finally:
            interruption = await self._see_losers_out()
            self._book.close()
            # Its frames hold this race: a circle that only the garbage collector would cut.
            self._last_error = None
            if interruption:
                raise interruption

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

    def _close_ended(self) -> list[Attempt]:
        """Take the attempts that have ended out of the race, in launch order, each with its outcome."""
        ended = [attempt for attempt in self._running if attempt.task.done()]
        for attempt in ended:
            attempt.close(race_is_over=self._is_over)
            self._is_over |= attempt.outcome is Outcome.WON
            self._running.remove(attempt)
            self._book.ended(attempt)
        return ended

    def _stop_if_final(self, attempt: Attempt) -> None:
        """Raise an error that no other attempt could mend, and any error of a single stream."""
        if attempt.outcome is not Outcome.FAILED or attempt.error is None:
            return
        self._last_error = attempt.error
        if self._hedges == 1 or not isinstance(attempt.error, RETRYABLE):
            raise attempt.error

    def _replace(self, ended: Attempt) -> None:
        if ended.successor:
            self._launch(ended.slot, ended.successor)
        elif self._pace.replaces_at_once(self._loop.time()):
            self._launch_extra(Cause.ERROR)
        elif self._last_error and not self._running and self._deadline == inf:
            raise self._last_error

    def _keep_the_deadline(self, now: float) -> None:
        if now >= self._deadline:
            self._losers_are = Outcome.HUNG
            spent = f"{self._scope.stage}: no winner in {self._scope.deadline}"
            raise DeadlineFault(spent) from self._last_error

    def _keep_the_pace(self, now: float) -> None:
        if self._hedges > 1 and now >= self._pace.next_at:
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
        self._book.launched(attempt)
        self._pace.launched(cause, now)

    async def _attempt(self) -> T:
        leave_scope()
        return await self._call()

    async def _something_ends(self, *, before: float) -> float:
        """Return when an attempt has ended or the loop's time is `before`, all of that tick let in: the time.

        A call that ends at once has ended after one turn of the loop, and needs neither bell nor timer.
        """
        await asyncio.sleep(0)
        if not any(attempt.task.done() for attempt in self._running):
            is_time = await self._bell_rings(before)
            if is_time:
                await asyncio.sleep(0)
                return max(before, self._loop.time())
        return self._loop.time()

    async def _bell_rings(self, before: float) -> bool:
        """Whether it was the time that rang, which it may a hair early, and not an attempt that ended."""
        self._bell = self._loop.create_future()
        timer = self._loop.call_at(before, self._ring) if before < inf else None
        try:
            return await self._bell is None
        finally:
            if timer:
                timer.cancel()

    def _ring(self, ended: "asyncio.Task[T] | None" = None) -> None:
        if self._bell and not self._bell.done():
            self._bell.set_result(ended)

    async def _see_losers_out(self) -> asyncio.CancelledError | None:
        """Tell every attempt to end and wait, at most the grace; return the caller's cancel, if one came."""
        self._is_over = True
        self._close_ended()
        told_at = self._loop.time()
        for attempt in self._running:
            attempt.dismiss(self._losers_are, told_at)
        interruption = await self._wait_for_losers(until=told_at + GRACE.total_seconds())
        for attempt in self._running:
            attempt.outcome = attempt.dismissed_as
            self._book.left_behind(attempt)
        return interruption

    async def _wait_for_losers(self, *, until: float) -> asyncio.CancelledError | None:
        """Return when all have ended or at `until`, with the caller's cancel, kept for then, if one came."""
        interruption, now = None, self._loop.time()
        while self._running and now < until:
            try:
                now = await self._something_ends(before=until)
            except asyncio.CancelledError as cancelled:
                interruption = cancelled
            self._close_ended()
        return interruption


def _name_of(fn: Callable[..., object]) -> str:
    """Module and qualified name; of a partial, what it calls; of a callable object, its class."""
    while isinstance(fn, partial):
        fn = fn.func
    named = fn if hasattr(fn, "__qualname__") else type(fn)
    return f"{named.__module__}.{named.__qualname__}"
