"""Dice that a test throws by hand."""

from collections import Counter, defaultdict, deque

from function_stubs.flaky import Outcome, Roll
from tests.shop.waiting import eventually

FAIL, HANG, SUCCEED = Outcome.FAIL, Outcome.HANG, Outcome.SUCCEED


class ScriptedDice:
    """Every call succeeds at once, unless the test said otherwise; calls go by their name in the stubs."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self._next: defaultdict[str, deque[Outcome]] = defaultdict(deque)
        self._from_now_on: dict[str, Outcome] = {}

    def roll(self, call: str) -> Roll:
        self.calls[call] += 1
        if self._next[call]:
            return Roll(outcome=self._next[call].popleft())
        return Roll(outcome=self._from_now_on.get(call, SUCCEED))

    def falls(self, call: str, *outcomes: Outcome) -> None:
        """The next rolls of `call`, in order."""
        self._next[call].extend(outcomes)

    def holds(self, *calls: str) -> None:
        """Every attempt hangs until the call is let go; the attempt launched next then succeeds."""
        self._from_now_on.update(dict.fromkeys(calls, HANG))

    def breaks(self, *calls: str) -> None:
        """Every attempt fails until the call is let go."""
        self._from_now_on.update(dict.fromkeys(calls, FAIL))

    def lets_go(self, *calls: str) -> None:
        for call in calls:
            self._from_now_on.pop(call, None)

    def lets_everything_go(self) -> None:
        self._next.clear()
        self._from_now_on.clear()

    async def is_asked_for(self, call: str, *, times: int = 1) -> None:
        """Return once the call has been launched: its stage has begun."""

        async def launched() -> bool:
            return self.calls[call] >= times

        await eventually(launched, wanted=f"{times} calls of {call}")
