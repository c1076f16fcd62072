"""What an outage may cost: tokens, probes, a ceiling."""

import asyncio
from datetime import timedelta
from itertools import pairwise

import pytest

from domain.faults import DeadlineFault, FlakyFault
from hedge_state import HedgeScope, HedgeState, hedge_scope, run_with_hedges
from hedging.odds import Odds
from hedging.records import Cause
from hedging.state import StageState
from hedging.tokens import Probes, TokenBucket
from tests.unit.hedging.scripts import Ledger, Script, Step, fails, hangs, on_virtual_clock, succeeds


def a_scope(state: HedgeState, *sinks: Ledger, seconds: float = 2.0) -> HedgeScope:
    return HedgeScope(stage="a_stage", deadline=timedelta(seconds=seconds), state=state, sinks=sinks)


def spend_everything(stage: StageState) -> None:
    stage.bucket.tokens = 0


def test_a_bucket_starts_full_earns_six_a_success_and_never_overflows() -> None:
    bucket = TokenBucket()

    taken = sum(bucket.take() for _ in range(300))
    bucket.earn()

    assert taken == 200
    assert sum(bucket.take() for _ in range(300)) == 6
    for _ in range(100):
        bucket.earn()
    assert bucket.tokens == 200


def probes_due(probes: Probes, *, slow_down: bool) -> list[float]:
    ticks = (tick / 100 for tick in range(2000))
    return [second for second in ticks if probes.take(second, slow_down=slow_down)]


def test_where_tokens_have_run_out_probes_keep_their_pace() -> None:
    due = probes_due(Probes(), slow_down=False)

    assert {round(after - before, 2) for before, after in pairwise(due)} <= {0.05, 0.06}


def test_in_an_outage_probes_come_ever_later_until_a_success() -> None:
    probes = Probes()

    due = probes_due(probes, slow_down=True)
    gaps = [round(after - before, 1) for before, after in pairwise(due)]

    assert gaps == sorted(gaps)
    assert gaps[0] == pytest.approx(0.1)
    assert gaps[-1] == pytest.approx(2.0)
    probes.success()
    assert probes.gap_seconds == 0.05


def test_a_first_attempt_stands_in_for_a_probe() -> None:
    probes = Probes()

    probes.first_attempt(10.0)

    assert not probes.take(10.04, slow_down=False)
    assert probes.take(10.05, slow_down=False)


@on_virtual_clock
async def test_the_first_attempt_is_free(state: HedgeState) -> None:
    spend_everything(state.stage("a_stage"))

    with hedge_scope(a_scope(state)) as watch:
        await run_with_hedges(Script((succeeds(),)))

    assert watch.figures().launched == 1


@on_virtual_clock
async def test_without_tokens_extra_attempts_are_paced_probes(state: HedgeState, ledger: Ledger) -> None:
    spend_everything(state.stage("a_stage"))
    script = Script((hangs(),))

    with hedge_scope(a_scope(state, ledger, seconds=10)), pytest.raises(DeadlineFault):
        await run_with_hedges(script)

    assert {record.cause for record in ledger.records} == {Cause.FIRST, Cause.PROBE}
    assert all(after - before >= 0.0499 for before, after in pairwise(script.starts))
    assert 20 <= len(script.starts) <= 60


@on_virtual_clock
async def test_a_success_pays_for_the_extra_attempts_of_others(state: HedgeState) -> None:
    stage = state.stage("a_stage")
    spend_everything(stage)

    with hedge_scope(a_scope(state)):
        await run_with_hedges(Script((succeeds(),)))
        await run_with_hedges(Script((fails(FlakyFault()), fails(FlakyFault()), succeeds())))

    assert stage.bucket.tokens == 6 - 2 + 6


@on_virtual_clock
async def test_the_ceiling_holds_for_all_stages_together_and_spares_first_attempts() -> None:
    state = HedgeState(extra_attempts=3)
    script = Script((hangs(),))

    async def race(stage: str) -> None:
        with hedge_scope(HedgeScope(stage=stage, deadline=timedelta(seconds=1), state=state)):
            await run_with_hedges(script)

    await asyncio.gather(*(race(f"stage {n}") for n in range(5)), return_exceptions=True)

    assert script.most_running == 5 + 3


def after_losses(odds: Odds, losses: int) -> bool:
    odds.losses = losses
    return odds.are_of_an_outage


def test_how_many_losses_make_an_outage_depends_on_what_a_success_takes() -> None:
    assert not after_losses(Odds(attempts_a_success=3.0), 33)
    assert after_losses(Odds(attempts_a_success=3.0), 34)
    assert after_losses(Odds(attempts_a_success=1.0), 12)
    assert not after_losses(Odds(attempts_a_success=10.0), 100)


@on_virtual_clock
async def test_what_a_success_takes_is_learned_from_the_weather(state: HedgeState) -> None:
    script = Script(
        (fails(FlakyFault()), fails(FlakyFault()), fails(FlakyFault()), fails(FlakyFault()), succeeds())
    )

    for _ in range(500):
        script.starts.clear()
        with hedge_scope(a_scope(state)):
            await run_with_hedges(script)

    assert state.stage("a_stage").odds.attempts_a_success == pytest.approx(5, rel=0.05)


async def orders_in_an_outage(step: Step, *, orders: int, seconds: float, state: HedgeState) -> Script:
    """As many orders as said, each racing its stage again and again for two seconds, a second apart."""
    script = Script((step,))

    async def order() -> None:
        while True:
            with hedge_scope(a_scope(state)), pytest.raises(DeadlineFault):
                await run_with_hedges(script)
            await asyncio.sleep(1.0)

    tasks = [asyncio.create_task(order()) for _ in range(orders)]
    await asyncio.wait(tasks, timeout=seconds)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    return script


@pytest.mark.parametrize("step", [hangs(), fails(FlakyFault())], ids=["hanging", "failing"])
@pytest.mark.parametrize(("orders", "most"), [(1, 60), (3, 40), (10, 35), (100, 25)])
@on_virtual_clock
async def test_a_minutes_outage_costs_an_order_few_launches_and_leaves_nothing(
    step: Step, orders: int, most: int, state: HedgeState
) -> None:
    script = await orders_in_an_outage(step, orders=orders, seconds=60, state=state)

    assert len(script.starts) <= most * orders
    assert script.running == 0
    assert state.stage("a_stage").ceiling.in_flight == 0


@on_virtual_clock
async def test_after_an_outage_the_first_success_brings_everything_back(state: HedgeState) -> None:
    await orders_in_an_outage(hangs(), orders=3, seconds=60, state=state)
    assert state.stage("a_stage").odds.are_of_an_outage

    with hedge_scope(a_scope(state)):
        await run_with_hedges(Script((succeeds(),)))
    script = Script((*[fails(FlakyFault())] * 10, succeeds()))
    with hedge_scope(a_scope(state)) as watch:
        await run_with_hedges(script)

    assert watch.figures().milliseconds == 0
    assert state.stage("a_stage").probes.gap_seconds == 0.050


@on_virtual_clock
async def test_an_outage_does_not_change_what_a_success_is_thought_to_take(state: HedgeState) -> None:
    await orders_in_an_outage(fails(FlakyFault()), orders=10, seconds=60, state=state)

    with hedge_scope(a_scope(state)):
        await run_with_hedges(Script((succeeds(),)))

    assert state.stage("a_stage").odds.attempts_a_success == 3.0
