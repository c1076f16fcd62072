"""Ways to make a flaky call succeed: ours, the plain ones, and the libraries of the field where installed."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from importlib import import_module
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any, Protocol, TypeVar

from benchmarks.stubs import Mix
from domain.faults import DeadlineFault, Fault
from hedge_state import HedgeScope, HedgeState, hedge_scope, run_with_hedges
from hedging.learning import SHORTEST_DELAY

Call = Callable[[], Awaitable[None]]
T = TypeVar("T")

HEDGES = 7

# What the plain ways and the libraries get before they are tried again.
CALL_TIMEOUT_SECONDS = 1.0

# An order's whole budget: no race of these comes near it.
RACE_DEADLINE = timedelta(seconds=15)


class Contender(Protocol):
    """One try of one stage, which may fail and is then tried again."""

    async def stage(self, name: str, call: Call, /) -> None: ...


class Rolling:
    """Ours, with its learned state."""

    def __init__(self, *, price: timedelta, burst: int = 1) -> None:
        self._state = HedgeState(price=price)
        self._burst = burst

    async def stage(self, name: str, call: Call) -> None:
        scope = HedgeScope(stage=name, deadline=RACE_DEADLINE, state=self._state, burst=self._burst)
        with hedge_scope(scope):
            await run_with_hedges(call, hedges=HEDGES)


class OneAtATime:
    """No hedging: a timeout and another try."""

    async def stage(self, _: str, call: Call) -> None:
        async with asyncio.timeout(CALL_TIMEOUT_SECONDS):
            await call()


class SevenAtOnce:
    """The seed's way, of a stage that returns nothing."""

    async def stage(self, _: str, call: Call) -> None:
        await seven_at_once(call)


async def seven_at_once(call: Callable[[], Awaitable[T]]) -> T:
    """Return the first of seven that start together to end without a fault; the others are cancelled.

    Raises DeadlineFault when there is none within the timeout.
    """
    running: set[asyncio.Future[T]] = {asyncio.ensure_future(call()) for _ in range(HEDGES)}
    try:
        async with asyncio.timeout(CALL_TIMEOUT_SECONDS):
            return await _first_without_a_fault(running)
    except TimeoutError:
        raise DeadlineFault("no winner in time") from None
    finally:
        for attempt in running:
            attempt.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _first_without_a_fault(pending: set[asyncio.Future[T]]) -> T:
    while pending:
        ended, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        for attempt in ended:
            if not isinstance(attempt.exception(), Fault):
                return attempt.result()
    raise DeadlineFault("all seven failed")


class Nopanic:
    """PyPI nopanic: six more, one a delay, each error replaced at once until they are used up."""

    def __init__(self, delay_seconds: float) -> None:
        hedge = import_module("nopanic").hedge
        self._hedge = hedge(delay=delay_seconds, max_hedges=HEDGES - 1)

    async def stage(self, _: str, call: Call) -> None:
        async with asyncio.timeout(CALL_TIMEOUT_SECONDS):
            await self._hedge(call)()


class Asynchedging:
    """PyPI asynchedging: six more at fixed delays."""

    def __init__(self, delay_seconds: float) -> None:
        self._hedge = import_module("asynchedging").hedge
        self._delays = [delay_seconds * number for number in range(1, HEDGES)]

    async def stage(self, _: str, call: Call) -> None:
        await self._hedge(call, delays_s=self._delays, total_timeout_s=CALL_TIMEOUT_SECONDS)


class HedgePython:
    """PyPI hedge-python: one more, after the learned 90th percentile, within a budget; the loop's clock."""

    def __init__(self) -> None:
        clock = SimpleNamespace(monotonic=asyncio.get_running_loop().time)
        for module in ("hedge.transport._base", "hedge.budget._token_bucket"):
            import_module(module).time = clock  # type: ignore[attr-defined]
        config = import_module("hedge").HedgeConfig()
        self._scheduler = import_module("hedge.transport._base").HedgeScheduler(config)

    async def stage(self, name: str, call: Call) -> None:
        def learn(_: Any, seconds: float) -> None:
            self._scheduler.sketch_for(name).add(seconds)

        async with asyncio.timeout(CALL_TIMEOUT_SECONDS):
            await self._scheduler.execute_with_hedge(name, call, call, learn)


def delay_for(mix: Mix) -> float:
    """The fixed delay given to those who do not learn one: what ours learns for it."""
    return SHORTEST_DELAY.total_seconds() if not mix.median_seconds else 0.055 if mix.fail > 0.1 else 0.035


LIBRARIES: dict[str, tuple[str, Callable[[Mix], Contender]]] = {
    "nopanic": ("nopanic", lambda mix: Nopanic(delay_for(mix))),
    "asynchedging": ("asynchedging", lambda mix: Asynchedging(delay_for(mix))),
    "hedge-python": ("hedge", lambda _: HedgePython()),
}


def is_installed(library: str) -> bool:
    return find_spec(LIBRARIES[library][0]) is not None
