"""What can be seen of a scope's races from outside, also while they run."""

from collections.abc import Callable
from typing import TypedDict

from domain.hedging import HedgeFigures
from hedging.records import Attempt, Outcome

Clock = Callable[[], float]


class LiveAttempt(TypedDict):
    """One running attempt, ready for JSON."""

    number: int
    age_ms: int


class RaceWatch:
    """Counts of every race run in one scope; each race reports its steps here."""

    def __init__(self) -> None:
        self._launched = self._failed = self._hung = self._cancelled = 0
        self._won_by: int | None = None
        self._seconds = 0.0
        self._races: dict[object, tuple[Clock, float]] = {}
        self._live: dict[Attempt, Clock] = {}

    def figures(self) -> HedgeFigures:
        """The races so far, an unfinished one included; a surplus success counts as cancelled."""
        seconds = self._seconds + sum(clock() - started for clock, started in self._races.values())
        return HedgeFigures(
            launched=self._launched,
            failed=self._failed,
            hung=self._hung,
            cancelled=self._cancelled,
            won_by=self._won_by,
            milliseconds=round(seconds * 1000),
        )

    def live(self) -> list[LiveAttempt]:
        """The attempts running now, oldest first."""
        return [
            LiveAttempt(number=attempt.number, age_ms=round((clock() - attempt.started) * 1000))
            for attempt, clock in self._live.items()
        ]

    def race_started(self, race: object, clock: Clock, now: float) -> None:
        self._races[race] = (clock, now)

    def race_ended(self, race: object, now: float) -> None:
        _, started = self._races.pop(race)
        self._seconds += now - started

    def launched(self, attempt: Attempt, clock: Clock) -> None:
        self._launched += 1
        self._live[attempt] = clock

    def ended(self, attempt: Attempt) -> None:
        """Count an attempt whose outcome is known."""
        del self._live[attempt]
        match attempt.outcome:
            case Outcome.WON:
                self._won_by = attempt.number
            case Outcome.FAILED:
                self._failed += 1
            case Outcome.HUNG:
                self._hung += 1
            case _:
                self._cancelled += 1
