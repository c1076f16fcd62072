"""What the flaky calls are up against, and how many are raced against it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """Shares of calls that fail at once and that hang, 0 to 1; the rest succeed after the latency.

    `hedges` None leaves the number of attempts at once to hedge_state.py.
    """

    fail: float
    hang: float
    latency: timedelta
    hedges: int | None


class Climate(Protocol):
    """The weather by the settings."""

    @property
    def flaky_fail(self) -> float: ...
    @property
    def flaky_hang(self) -> float: ...
    @property
    def flaky_latency_seconds(self) -> float: ...
    @property
    def hedges(self) -> int | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What was asked for while the system runs; what is None is left to the settings."""

    fail: float | None = None
    hang: float | None = None
    latency: timedelta | None = None
    hedges: int | None = None

    def over(self, settings: Climate) -> Weather:
        """The weather that comes of it."""
        usual = timedelta(seconds=settings.flaky_latency_seconds)
        return Weather(
            fail=settings.flaky_fail if self.fail is None else self.fail,
            hang=settings.flaky_hang if self.hang is None else self.hang,
            latency=usual if self.latency is None else self.latency,
            hedges=settings.hedges if self.hedges is None else self.hedges,
        )


AS_SET = Forecast()
