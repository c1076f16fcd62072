"""However a race ends, nothing of it outlives it unreported, and no cancel is lost."""

import asyncio
import gc
import logging
from datetime import timedelta
from itertools import product

import pytest

from domain.faults import FlakyFault
from domain.hedging import HedgeFigures
from hedge_state import HedgeScope, HedgeState, RaceWatch, hedge_scope, run_with_hedges
from tests.unit.hedging.scripts import (
    Ledger,
    Script,
    Step,
    cancels_itself,
    fails,
    hangs,
    ignores_cancels,
    on_virtual_clock,
    succeeds,
)


def a_scope(state: HedgeState, *sinks: Ledger) -> HedgeScope:
    return HedgeScope(stage="a_stage", deadline=timedelta(seconds=2), state=state, sinks=sinks)


@on_virtual_clock
async def test_a_loser_has_ended_when_the_race_returns(state: HedgeState) -> None:
    script = Script((hangs(), hangs(), succeeds()))

    with hedge_scope(a_scope(state)):
        await run_with_hedges(script)

    assert script.running == 0


@on_virtual_clock
async def test_a_loser_has_time_to_clean_up(state: HedgeState) -> None:
    script = Script((ignores_cancels(for_seconds=0.2), succeeds()))

    with hedge_scope(a_scope(state)) as watch:
        assert await run_with_hedges(script) == "won"

    assert script.running == 0
    assert watch.figures().milliseconds == 200


@on_virtual_clock
async def test_a_loser_that_ignores_its_cancel_is_reported_and_left(
    state: HedgeState, ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    script = Script((ignores_cancels(for_seconds=1.0), succeeds()))

    with hedge_scope(a_scope(state, ledger)) as watch, caplog.at_level(logging.WARNING):
        assert await run_with_hedges(script) == "won"

    assert asyncio.get_running_loop().time() == pytest.approx(0.050 + 0.250)
    assert [(record.number, record.is_stray) for record in ledger.records] == [(2, False), (1, True)]
    assert [record.message for record in caplog.records] == ["hedge.stray"]
    assert (watch.figures().launched, watch.figures().cancelled, watch.live()) == (2, 1, [])
    assert len(state.stage("a_stage").strays) == 1
    await asyncio.wait(state.stage("a_stage").strays)
    await asyncio.sleep(0)
    assert not state.stage("a_stage").strays


@on_virtual_clock
async def test_the_error_of_an_attempt_left_behind_is_not_reported_as_forgotten(state: HedgeState) -> None:
    forgotten = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: forgotten.append(context))

    async def lingers_and_fails() -> None:
        await ignores_cancels(for_seconds=1.0)()
        raise FlakyFault

    with hedge_scope(a_scope(state)):
        await run_with_hedges(Script((lingers_and_fails, succeeds())))
    await asyncio.sleep(2.0)
    gc.collect()

    assert not state.stage("a_stage").strays
    assert forgotten == []


@on_virtual_clock
async def test_an_attempt_is_told_to_end_only_once(state: HedgeState, ledger: Ledger) -> None:
    cleaned_up = []

    async def cleans_up_slowly() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(0.1)
            cleaned_up.append(True)

    script = Script((succeeds(after=0.120), cleans_up_slowly))

    with hedge_scope(a_scope(state, ledger)):
        await run_with_hedges(script, hedges=2)

    assert cleaned_up == [True]
    assert ledger.outcomes() == [(1, "won"), (2, "hung")]
    assert [record.age_seconds for record in ledger.records] == pytest.approx([0.120, 0.050])


@on_virtual_clock
async def test_a_retired_attempt_that_ignores_its_cancel_keeps_its_slot(state: HedgeState) -> None:
    script = Script((hangs(), ignores_cancels(for_seconds=1.0), hangs()))

    with hedge_scope(a_scope(state)):
        await run_with_hedges(script, hedges=2)

    assert script.most_running == 2


@on_virtual_clock
async def test_a_retired_attempt_that_succeeds_all_the_same_wins(state: HedgeState) -> None:
    script = Script((hangs(), ignores_cancels(for_seconds=0.3), hangs()))

    with hedge_scope(a_scope(state)) as watch:
        assert await run_with_hedges(script, hedges=2) == "late"

    assert (watch.figures().launched, watch.figures().cancelled, watch.figures().won_by) == (2, 1, 2)


@on_virtual_clock
async def test_the_callers_cancel_during_the_grace_comes_out(state: HedgeState) -> None:
    script = Script((ignores_cancels(for_seconds=0.2), succeeds()))

    watches: list[RaceWatch] = []

    async def caller() -> object:
        with hedge_scope(a_scope(state)) as watch:
            watches.append(watch)
            return await run_with_hedges(script)

    task = asyncio.create_task(caller())
    await asyncio.sleep(0.1)
    task.cancel()
    await asyncio.sleep(0.01)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert script.running == 0
    await asyncio.sleep(1.0)
    assert watches[0].figures() == HedgeFigures(launched=2, cancelled=1, won_by=2, milliseconds=200)


@on_virtual_clock
async def test_a_caller_out_of_its_own_time_hears_of_its_own_timeout(state: HedgeState) -> None:
    script = Script((hangs(),))

    with hedge_scope(a_scope(state)) as watch, pytest.raises(TimeoutError):
        async with asyncio.timeout(0.12):
            await run_with_hedges(script)

    assert script.running == 0
    assert watch.figures().cancelled == watch.figures().launched == 3


STORIES: dict[str, tuple[Step, ...]] = {
    "wins": (hangs(), fails(FlakyFault()), hangs(), succeeds(after=0.01)),
    "fails": (fails(FlakyFault()),),
    "hangs": (hangs(),),
    "refuses": (hangs(), fails(ValueError(), after=0.02)),
    "cancels itself": (cancels_itself(after=0.01), hangs(), succeeds()),
    "lingers": (ignores_cancels(for_seconds=0.1), ignores_cancels(for_seconds=0.2), succeeds()),
}


@pytest.mark.parametrize("steps", STORIES.values(), ids=STORIES.keys())
@pytest.mark.parametrize("hedges", [1, 2, 7])
def test_a_cancel_at_any_step_of_the_loop_is_neither_lost_nor_leaves_anything(
    steps: tuple[Step, ...], hedges: int
) -> None:
    told = 0

    @on_virtual_clock
    async def cancel(at: float, turns: int) -> None:
        nonlocal told
        script, ledger, state = Script(steps), Ledger(), HedgeState()

        async def caller() -> object:
            with hedge_scope(a_scope(state, ledger)):
                return await run_with_hedges(script, hedges=hedges)

        task = asyncio.create_task(caller())
        await asyncio.sleep(at)
        for _ in range(turns):
            await asyncio.sleep(0)
        was_told = task.cancel()
        await asyncio.wait([task])
        told += was_told

        assert task.cancelled() == was_told
        assert script.running == 0
        assert len(ledger.records) == len(script.starts)

    for at, turns in product([0, 0.01, 0.02, 0.05, 0.06, 0.1, 0.11, 0.15], range(9)):
        cancel(at=at, turns=turns)

    assert told
