"""What a heartbeat and an event row can see of a race."""

import asyncio
from datetime import timedelta

from domain.hedging import HedgeFigures
from hedge_state import HedgeScope, HedgeState, hedge_scope, run_with_hedges
from tests.unit.hedging.scripts import Script, fails, hangs, on_virtual_clock, succeeds


@on_virtual_clock
async def test_a_ticker_beside_the_race_sees_its_live_attempts_and_figures(state: HedgeState) -> None:
    scope = HedgeScope(stage="a_stage", deadline=timedelta(seconds=2), state=state)
    script = Script((fails(ConnectionError()), hangs(), hangs(), succeeds()))

    with hedge_scope(scope) as watch:
        race = asyncio.create_task(run_with_hedges(script))
        await asyncio.sleep(0.07)
        live, figures = watch.live(), watch.figures()
        await race

    assert live == [{"number": 2, "age_ms": 70}, {"number": 3, "age_ms": 20}]
    assert figures == HedgeFigures(launched=3, failed=1, milliseconds=70)
    assert watch.live() == []
    assert watch.figures() == HedgeFigures(launched=4, failed=1, cancelled=2, won_by=4, milliseconds=100)


@on_virtual_clock
async def test_the_figures_of_a_scope_are_those_of_all_its_races(state: HedgeState) -> None:
    with hedge_scope(HedgeScope(stage="a_stage", state=state)) as watch:
        await run_with_hedges(Script((hangs(), succeeds())))
        await run_with_hedges(Script((fails(TimeoutError()), succeeds())))

    assert watch.figures() == HedgeFigures(launched=4, failed=1, cancelled=1, won_by=2, milliseconds=50)


@on_virtual_clock
async def test_two_calls_at_once_never_see_each_other(state: HedgeState) -> None:
    async def one(name: str, *steps: object) -> tuple[object, HedgeFigures]:
        script = Script(tuple(steps))  # type: ignore[arg-type]
        with hedge_scope(HedgeScope(stage="a_stage", state=state)) as watch:
            return await run_with_hedges(script), watch.figures()

    one_won, other_won = await asyncio.gather(
        one("one", hangs(), hangs(), succeeds("one")), one("other", fails(TimeoutError()), succeeds("other"))
    )

    assert one_won == ("one", HedgeFigures(launched=3, cancelled=2, won_by=3, milliseconds=100))
    assert other_won == ("other", HedgeFigures(launched=2, failed=1, won_by=2))
