"""How `run_with_hedges` is found, edited and called without a scope."""

import asyncio
import inspect
from functools import partial
from pathlib import Path

import hedge_state
from hedge_state import HedgeScope, HedgeState, hedge_scope, run_with_hedges
from hedging.learning import SHORTEST_DELAY
from hedging.state import process_state
from tests.unit.hedging.scripts import on_virtual_clock

LINE_NAMED_IN_THE_README = 41


def test_the_default_number_of_hedges_is_written_where_the_readme_sends_its_readers() -> None:
    source = Path(hedge_state.__file__).read_text(encoding="utf-8").splitlines()

    line = source[LINE_NAMED_IN_THE_README - 1]

    assert line.startswith("async def run_with_hedges(fn")
    assert "hedges: int = 7" in line
    assert inspect.signature(run_with_hedges).parameters["hedges"].default == 7


async def a_call(value: int = 0) -> int:
    return value


class CallableOrder:
    async def __call__(self) -> str:
        return "called"


@on_virtual_clock
async def test_outside_any_scope_the_stage_is_named_after_the_function() -> None:
    process_state.cache_clear()

    await run_with_hedges(a_call)
    await run_with_hedges(partial(partial(a_call), 5))
    await run_with_hedges(CallableOrder())

    assert set(process_state()._stages) == {f"{__name__}.a_call", f"{__name__}.CallableOrder"}


@on_virtual_clock
async def test_a_scope_ends_where_its_block_ends(state: HedgeState) -> None:
    process_state.cache_clear()

    with hedge_scope(HedgeScope(stage="a_stage", state=state)) as watch:
        pass
    await run_with_hedges(a_call)

    assert watch.figures().launched == 0
    assert set(process_state()._stages) == {f"{__name__}.a_call"}


@on_virtual_clock
async def test_what_is_learned_outside_any_scope_lives_as_long_as_the_process() -> None:
    process_state.cache_clear()

    for _ in range(20):
        await run_with_hedges(a_call)

    assert process_state().stage(f"{__name__}.a_call").delay.seconds == SHORTEST_DELAY.total_seconds()


@on_virtual_clock
async def test_an_awaitable_that_is_no_coroutine_can_be_raced() -> None:
    def future() -> "asyncio.Future[str]":
        done: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        done.set_result("done")
        return done

    assert await run_with_hedges(future) == "done"
