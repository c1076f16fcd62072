"""The plain way to race: seven at once, the first to end without a fault."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count

import pytest

from benchmarks.contenders import HEDGES, seven_at_once
from domain.faults import DeadlineFault, FlakyFault
from domain.refusals import OrderInvalid


def calls(outcome: Callable[[int], Awaitable[int]]) -> Callable[[], Awaitable[int]]:
    """Each call is told its number, from 0."""
    numbers = count()
    return lambda: outcome(next(numbers))


async def test_the_first_success_is_returned_and_the_others_are_cancelled() -> None:
    cancelled = []

    async def only_the_third_succeeds(number: int) -> int:
        if number == 2:
            return number
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.append(number)
        raise FlakyFault

    assert await seven_at_once(calls(only_the_third_succeeds)) == 2
    assert sorted(cancelled) == [0, 1, 3, 4, 5, 6]


async def test_seven_faults_are_one() -> None:
    made = []

    async def fails(number: int) -> int:
        made.append(number)
        raise FlakyFault

    with pytest.raises(DeadlineFault):
        await seven_at_once(calls(fails))
    assert len(made) == HEDGES


async def test_a_refusal_is_no_fault_and_ends_it() -> None:
    async def refuses(number: int) -> int:
        if number == 4:
            raise OrderInvalid("no items")
        raise FlakyFault

    with pytest.raises(OrderInvalid):
        await seven_at_once(calls(refuses))
