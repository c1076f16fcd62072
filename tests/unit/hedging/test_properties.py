"""What holds for any race against any weather."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.virtual_clock import run_virtually
from domain.faults import DeadlineFault, Fault
from hedge_state import HedgeScope, HedgeState, RaceWatch, hedge_scope, run_with_hedges
from hedging.records import Outcome
from tests.unit.hedging.scripts import Ledger, Script
from tests.unit.hedging.stories import KINDS, MOMENTS, BugError, Deed, random_deeds, script_of

GRACE = 0.250
A_MOMENT = 1e-6

Ending = tuple[str, object]


@dataclass(frozen=True)
class Call:
    """One call to be made and, perhaps, cancelled."""

    deeds: list[Deed]
    hedges: int
    burst: int
    deadline_seconds: float
    starts_at: float
    cancelled_after: float | None


deeds = st.builds(Deed, st.sampled_from(KINDS), st.sampled_from(MOMENTS))
calls = st.builds(
    Call,
    deeds=st.lists(deeds, min_size=1, max_size=30),
    hedges=st.integers(1, 9),
    burst=st.integers(1, 4),
    deadline_seconds=st.sampled_from([0.05, 0.3, 2.0, 5.0]),
    starts_at=st.sampled_from([0.0, 0.0, 0.01, 0.1]),
    cancelled_after=st.none() | st.sampled_from(MOMENTS),
)


def a_random_call(rng: Random) -> Call:
    return Call(
        deeds=random_deeds(rng),
        hedges=rng.randint(1, 9),
        burst=rng.choice([1, 1, 1, 3]),
        deadline_seconds=rng.choice([0.05, 0.3, 2.0]),
        starts_at=rng.random(),
        cancelled_after=rng.choice([None, None, None, rng.random()]),
    )


class Observed:
    """A call in progress and all that can be seen of it from outside."""

    def __init__(self, name: object, call: Call, state: HedgeState) -> None:
        self.call = call
        self.name = name
        self.script: Script = script_of(call.deeds, name)
        self.ledger = Ledger()
        self.watch: RaceWatch
        self.told_to_stop = False
        self.seconds = 0.0
        self.left_running = 0
        self._scope = HedgeScope(
            stage="a_stage",
            deadline=timedelta(seconds=call.deadline_seconds),
            state=state,
            sinks=(self.ledger,),
            burst=call.burst,
        )

    async def runs(self) -> Ending:
        await asyncio.sleep(self.call.starts_at)
        task = asyncio.create_task(self._race())
        if self.call.cancelled_after is not None:
            await asyncio.wait([task], timeout=self.call.cancelled_after)
            self.told_to_stop = task.cancel()
        return await task

    async def _race(self) -> Ending:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            with hedge_scope(self._scope) as self.watch:
                return "won", await run_with_hedges(self.script, hedges=self.call.hedges)
        except asyncio.CancelledError:
            return "cancelled", None
        except (BugError, Fault) as error:
            return "raised", error
        finally:
            self.seconds = loop.time() - began
            self.left_running = self.script.running

    def check(self, ending: Ending) -> None:
        """Everything that is promised of any race."""
        how, what = ending
        records = sorted(self.ledger.records, key=lambda record: record.number)
        won = [record.number for record in records if record.outcome is Outcome.WON]
        strays = sum(record.is_stray for record in records)
        figures = self.watch.figures() if hasattr(self, "watch") else None

        assert (how == "cancelled") == self.told_to_stop
        values = [(self.name, min(number, len(self.call.deeds))) for number in won]
        if how == "cancelled":
            assert len(values) <= 1, "a cancel while the losers are seen out hides the winner"
        else:
            assert values == ([what] if how == "won" else []), (
                "one winner of its own, whose value is returned"
            )
        assert self.script.most_running <= self.call.hedges
        assert self.left_running == strays
        assert self.seconds <= self.call.deadline_seconds + GRACE + A_MOMENT
        if figures is None:
            return
        assert [record.number for record in records] == list(range(1, figures.launched + 1))
        assert len(self.script.starts) <= figures.launched
        assert figures.launched == figures.failed + figures.hung + figures.cancelled + len(won)
        assert self.watch.live() == []
        self._check_error(how, what)

    def _check_error(self, how: str, what: object) -> None:
        if how == "raised" and self.call.hedges > 1:
            assert isinstance(what, BugError | DeadlineFault), "a fault is never the end of a race"


async def observe(calls: list[Call], state: HedgeState) -> Counter[str]:
    """Run the calls at once, check each, and see that nothing is left when the strays have ended too."""
    observed = [Observed(name, call, state) for name, call in enumerate(calls)]
    endings = await asyncio.gather(*(one.runs() for one in observed))
    for one, ending in zip(observed, endings, strict=True):
        one.check(ending)
    stage = state.stage("a_stage")
    if stage.strays:
        await asyncio.wait(stage.strays)
        await asyncio.sleep(0)
    assert stage.ceiling.in_flight == 0
    assert asyncio.all_tasks() == {asyncio.current_task()}
    return Counter(how for how, _ in endings)


@settings(max_examples=300, deadline=None)
@given(calls)
def test_any_race_keeps_its_promises(call: Call) -> None:
    run_virtually(observe([call], HedgeState()))


@settings(max_examples=100, deadline=None)
@given(st.lists(calls, min_size=2, max_size=8), st.sampled_from([0, 2, 256]))
def test_calls_at_once_keep_them_too_and_never_see_each_other(calls: list[Call], extra_attempts: int) -> None:
    run_virtually(observe(calls, HedgeState(extra_attempts=extra_attempts)))


async def fuzz(rounds: int, seed: int) -> None:
    rng = Random(seed)
    state = HedgeState()
    endings: Counter[str] = Counter()
    for _ in range(rounds):
        endings += await observe([a_random_call(rng) for _ in range(50)], state)
    assert min(endings[how] for how in ("won", "raised", "cancelled")) > rounds, f"vacuous: {endings}"


def test_two_thousand_random_calls_leave_no_task_lose_no_cancel_and_cross_no_winner() -> None:
    run_virtually(fuzz(rounds=40, seed=1))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_hundred_thousand_do_not_either() -> None:
    run_virtually(fuzz(rounds=2000, seed=2))
