"""A race: who wins, who is replaced, who is seen out."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from benchmarks.virtual_clock import VirtualLoop
from domain.faults import DeadlineFault, Fault, FlakyFault
from domain.refusals import NotShipped
from hedge_state import HedgeScope, HedgeState, hedge_scope, run_with_hedges
from tests.unit.hedging.scripts import (
    Ledger,
    Script,
    Step,
    cancels_itself,
    fails,
    hangs,
    on_virtual_clock,
    succeeds,
    succeeds_in_two_steps,
)

WARM_UP = 0.050


def a_scope(state: HedgeState, *sinks: Ledger, seconds: float | None = 2.0, burst: int = 1) -> HedgeScope:
    deadline = None if seconds is None else timedelta(seconds=seconds)
    return HedgeScope(stage="a_stage", deadline=deadline, state=state, sinks=sinks, burst=burst)


@on_virtual_clock
async def test_a_call_that_works_costs_one_attempt(state: HedgeState, ledger: Ledger) -> None:
    script = Script((succeeds("receipt"),))

    with hedge_scope(a_scope(state, ledger)) as watch:
        assert await run_with_hedges(script) == "receipt"

    assert ledger.outcomes() == [(1, "won")]
    assert (watch.figures().launched, watch.figures().won_by) == (1, 1)


@on_virtual_clock
async def test_the_call_gets_its_own_arguments_untouched() -> None:
    async def call(*args: object, **kwargs: object) -> object:
        return args, kwargs

    got = await run_with_hedges(call, 1, "two", hedges=3, fn="three", stage="four", deadline=5)

    assert got == ((1, "two"), {"fn": "three", "stage": "four", "deadline": 5})


@on_virtual_clock
async def test_an_error_is_replaced_at_once(state: HedgeState, ledger: Ledger) -> None:
    script = Script((fails(FlakyFault()), fails(ConnectionError()), fails(TimeoutError()), succeeds()))

    with hedge_scope(a_scope(state, ledger)):
        await run_with_hedges(script)

    assert script.starts == [0, 0, 0, 0]
    assert [record.cause for record in ledger.records] == ["first", "error", "error", "error"]


@on_virtual_clock
async def test_silence_brings_another_attempt_after_the_delay(state: HedgeState, ledger: Ledger) -> None:
    script = Script((hangs(), hangs(), succeeds()))

    with hedge_scope(a_scope(state, ledger)) as watch:
        await run_with_hedges(script)

    assert script.starts == pytest.approx([0, WARM_UP, 2 * WARM_UP])
    assert ledger.outcomes() == [(1, "cancelled"), (2, "cancelled"), (3, "won")]
    figures = watch.figures()
    assert (figures.launched, figures.cancelled, figures.won_by, figures.milliseconds) == (3, 2, 3, 100)


@on_virtual_clock
async def test_a_full_house_retires_the_oldest_but_the_first(state: HedgeState, ledger: Ledger) -> None:
    script = Script((hangs(), hangs(), hangs(), hangs(), hangs(), succeeds()))

    with hedge_scope(a_scope(state, ledger)) as watch:
        await run_with_hedges(script, hedges=3)

    assert script.most_running == 3
    assert ledger.outcomes() == [
        (1, "cancelled"),
        (2, "hung"),
        (3, "hung"),
        (4, "hung"),
        (5, "cancelled"),
        (6, "won"),
    ]
    assert (watch.figures().hung, watch.figures().cancelled) == (3, 2)


@on_virtual_clock
async def test_the_gap_grows_by_half_every_seven_launches_into_silence(state: HedgeState) -> None:
    script = Script((*[hangs()] * 15, succeeds()))

    with hedge_scope(a_scope(state)):
        await run_with_hedges(script)

    gaps = [after - before for before, after in zip(script.starts, script.starts[1:], strict=False)]
    assert gaps == pytest.approx([WARM_UP] * 7 + [WARM_UP * 1.5] * 7 + [WARM_UP * 1.5**2])


@on_virtual_clock
async def test_the_first_attempt_is_never_retired(state: HedgeState, ledger: Ledger) -> None:
    script = Script((succeeds("slow", after=1.0), hangs()))

    with hedge_scope(a_scope(state, ledger)) as watch:
        assert await run_with_hedges(script, hedges=2) == "slow"

    assert watch.figures().won_by == 1


@on_virtual_clock
async def test_what_took_the_first_ones_place_is_not_retired_either(state: HedgeState) -> None:
    script = Script((fails(FlakyFault()), succeeds("slow", after=1.0), hangs()))

    with hedge_scope(a_scope(state)) as watch:
        await run_with_hedges(script, hedges=2)

    assert watch.figures().won_by == 2


@on_virtual_clock
async def test_sixteen_errors_in_a_row_bring_a_pause(state: HedgeState) -> None:
    script = Script((*[fails(FlakyFault())] * 18, succeeds()))

    with hedge_scope(a_scope(state)):
        await run_with_hedges(script)

    assert script.starts == pytest.approx([0] * 16 + [0.05, 0.15, 0.35])


@on_virtual_clock
async def test_a_silence_between_errors_begins_a_new_row(state: HedgeState) -> None:
    ten_errors = [fails(FlakyFault())] * 10
    script = Script((*ten_errors, hangs(), *ten_errors, succeeds()))

    with hedge_scope(a_scope(state)):
        await run_with_hedges(script)

    assert script.starts == pytest.approx([0] * 11 + [WARM_UP] * 11)


@on_virtual_clock
async def test_when_all_fail_for_good_the_deadline_is_caused_by_the_last_error(state: HedgeState) -> None:
    errors = [FlakyFault(str(n)) for n in range(40)]
    script = Script(tuple(fails(error) for error in errors))

    with hedge_scope(a_scope(state, seconds=2.0)) as watch, pytest.raises(DeadlineFault) as raised:
        await run_with_hedges(script)

    assert raised.value.__cause__ is errors[len(script.starts) - 1]
    assert watch.figures().failed == watch.figures().launched == len(script.starts)
    assert watch.figures().milliseconds == 2000


@on_virtual_clock
async def test_without_a_deadline_sixteen_errors_in_a_row_are_all(state: HedgeState) -> None:
    errors = [FlakyFault(str(n)) for n in range(40)]
    script = Script(tuple(fails(error) for error in errors))

    with hedge_scope(a_scope(state, seconds=None)), pytest.raises(FlakyFault) as raised:
        await run_with_hedges(script)

    assert raised.value is errors[15]


@on_virtual_clock
async def test_when_all_hang_the_deadline_ends_it(state: HedgeState, ledger: Ledger) -> None:
    script = Script((hangs(),))

    with hedge_scope(a_scope(state, ledger, seconds=2.0)) as watch, pytest.raises(DeadlineFault) as raised:
        await run_with_hedges(script)

    assert asyncio.get_running_loop().time() == pytest.approx(2.0)
    assert raised.value.__cause__ is None
    assert {record.outcome for record in ledger.records} == {"hung"}
    assert watch.figures().hung == watch.figures().launched == len(ledger.records)
    assert script.running == 0


@on_virtual_clock
async def test_a_refusal_ends_the_race_at_once(state: HedgeState, ledger: Ledger) -> None:
    refusal = NotShipped()
    script = Script((hangs(), fails(refusal), succeeds()))

    with hedge_scope(a_scope(state, ledger)) as watch, pytest.raises(NotShipped) as raised:
        await run_with_hedges(script)

    assert raised.value is refusal
    assert ledger.outcomes() == [(1, "cancelled"), (2, "failed")]
    assert watch.figures().launched == 2
    assert watch.figures().won_by is None


@on_virtual_clock
async def test_a_call_with_wrong_arguments_is_a_bug_not_weather(state: HedgeState) -> None:
    async def call(needed: int) -> int:
        return needed

    with hedge_scope(a_scope(state)) as watch, pytest.raises(TypeError):
        await run_with_hedges(call)

    assert watch.figures().launched == 1


@on_virtual_clock
async def test_a_success_beats_errors_of_the_same_tick(state: HedgeState, ledger: Ledger) -> None:
    script = Script((fails(ValueError(), after=0.04), succeeds("good", after=0.04)))

    with hedge_scope(a_scope(state, ledger, burst=2)):
        assert await run_with_hedges(script) == "good"

    assert ledger.outcomes() == [(1, "failed"), (2, "won")]


@on_virtual_clock
async def test_of_two_successes_in_a_tick_the_lower_number_wins(state: HedgeState, ledger: Ledger) -> None:
    script = Script((succeeds("one", after=0.04), succeeds("two", after=0.04)))

    with hedge_scope(a_scope(state, ledger, burst=2)) as watch:
        assert await run_with_hedges(script) == "one"

    assert ledger.outcomes() == [(1, "won"), (2, "surplus")]
    assert watch.figures().cancelled == 1


@pytest.mark.parametrize("step", [succeeds(after=WARM_UP), succeeds_in_two_steps(first=0.02, second=0.03)])
@on_virtual_clock
async def test_a_success_in_the_tick_of_the_next_launch_makes_it_needless(
    step: Step, state: HedgeState
) -> None:
    script = Script((step,))

    with hedge_scope(a_scope(state)):
        await run_with_hedges(script)

    assert len(script.starts) == 1


@on_virtual_clock
async def test_a_success_in_the_tick_of_the_deadline_is_in_time(state: HedgeState) -> None:
    script = Script((succeeds_in_two_steps(first=0.02, second=0.03),))

    with hedge_scope(a_scope(state, seconds=0.05)):
        assert await run_with_hedges(script, hedges=1) == "won"


class HastyLoop(VirtualLoop):
    """Lets timers ring a hair early, as real loops may."""

    def call_at(self, when: float, *args: Any, **kwargs: Any) -> Any:  # type: ignore[override]
        return super().call_at(when - 1e-9, *args, **kwargs)


@pytest.mark.timeout(20)
def test_a_timer_that_rings_early_does_not_keep_the_race_spinning(state: HedgeState) -> None:
    script = Script((hangs(), hangs(), succeeds()))

    async def race() -> None:
        with hedge_scope(a_scope(state)):
            await run_with_hedges(script)

    with asyncio.Runner(loop_factory=HastyLoop) as runner:
        runner.run(race())

    assert script.starts == pytest.approx([0, WARM_UP, 2 * WARM_UP], abs=1e-6)


@on_virtual_clock
async def test_a_fatal_error_beats_a_fault_of_the_same_tick(state: HedgeState) -> None:
    script = Script((fails(FlakyFault(), after=0.04), fails(KeyError(), after=0.04), succeeds()))

    with hedge_scope(a_scope(state, burst=2)), pytest.raises(KeyError):
        await run_with_hedges(script)

    assert len(script.starts) == 2


@on_virtual_clock
async def test_an_attempt_that_cancels_itself_has_failed(state: HedgeState, ledger: Ledger) -> None:
    script = Script((cancels_itself(), cancels_itself(after=0.01), succeeds()))

    with hedge_scope(a_scope(state, ledger)):
        assert await run_with_hedges(script) == "won"

    assert ledger.outcomes() == [(1, "failed"), (2, "failed"), (3, "won")]


@on_virtual_clock
async def test_a_single_stream_is_one_call_whose_error_is_its_own(state: HedgeState) -> None:
    error = FlakyFault()
    script = Script((fails(error, after=0.5), succeeds()))

    with hedge_scope(a_scope(state, burst=3)), pytest.raises(FlakyFault) as raised:
        await run_with_hedges(script, hedges=1)

    assert raised.value is error
    assert len(script.starts) == 1


@on_virtual_clock
async def test_a_single_stream_that_hangs_ends_at_its_deadline(state: HedgeState) -> None:
    script = Script((hangs(),))

    with hedge_scope(a_scope(state, seconds=1.0)) as watch, pytest.raises(DeadlineFault):
        await run_with_hedges(script, hedges=1)

    assert (watch.figures().launched, watch.figures().hung) == (1, 1)
    assert script.running == 0


@on_virtual_clock
async def test_a_single_stream_that_cancels_itself_does_not_look_like_the_callers_cancel(
    state: HedgeState,
) -> None:
    with hedge_scope(a_scope(state)), pytest.raises(Fault):
        await run_with_hedges(Script((cancels_itself(),)), hedges=1)


@pytest.mark.parametrize("hedges", [0, -1])
@on_virtual_clock
async def test_fewer_attempts_than_one_make_no_race(hedges: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        await run_with_hedges(Script((succeeds(),)), hedges=hedges)


@on_virtual_clock
async def test_a_burst_starts_together_and_never_exceeds_the_hedges(state: HedgeState) -> None:
    script = Script((succeeds(after=0.02),))

    with hedge_scope(a_scope(state, burst=5)):
        await run_with_hedges(script, hedges=3)

    assert script.starts == [0, 0, 0]


@on_virtual_clock
async def test_an_attempts_own_race_is_not_seen_by_its_races_watch(state: HedgeState) -> None:
    async def inner() -> str:
        return "inner"

    async def outer() -> str:
        return await run_with_hedges(inner)

    with hedge_scope(a_scope(state)) as watch:
        assert await run_with_hedges(outer) == "inner"

    assert watch.figures().launched == 1
