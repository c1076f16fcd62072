"""Dice that fall as a test says; one pair for all workers."""

from threading import Lock

from function_stubs.flaky import Outcome, Roll


class SettableDice:
    """Every call succeeds at once unless it is held, or broken, by its name in the stubs."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._outcomes: dict[str, Outcome] = {}

    def roll(self, call: str) -> Roll:
        with self._lock:
            return Roll(outcome=self._outcomes.get(call, Outcome.SUCCEED))

    def hold(self, call: str) -> None:
        """Every attempt hangs until the call is let go; the attempt launched next then succeeds."""
        self._set(call, Outcome.HANG)

    def break_(self, call: str) -> None:
        """Every attempt fails until the call is let go."""
        self._set(call, Outcome.FAIL)

    def let_go(self, call: str) -> None:
        with self._lock:
            self._outcomes.pop(call, None)

    def let_everything_go(self) -> None:
        with self._lock:
            self._outcomes.clear()

    def _set(self, call: str, outcome: Outcome) -> None:
        with self._lock:
            self._outcomes[call] = outcome
