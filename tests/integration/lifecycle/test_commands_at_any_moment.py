"""Whenever a command comes, what was answered and what became of the order agree."""

import asyncio
from collections import Counter

from temporalio.service import RPCError, RPCStatusCode

from activities.books import BookActivities
from domain.events import ACCEPTED
from domain.stages import Stage
from domain.status import OrderStatus
from signals import REFUSED_SIGNALS_RECORDED, AddressChange, Cancellation
from tests.shop.facts import charged, refunded
from tests.shop.orders import (
    ELSEWHERE,
    HOME,
    PlacedOrder,
    Way,
    a_cancellation,
    an_address_change,
    an_order,
    by_update,
)
from tests.shop.shop import Shop

MOMENTS = (None, *Stage)

# The order had ended before the command could reach it.
GONE = "gone"


async def an_order_at(moment: Stage | None, shop: Shop) -> PlacedOrder:
    """An order that goes on while it is handed over."""
    order = await shop.start(an_order())
    if moment is not None:
        await order.reaches(moment)
    return order


async def answer_to(command: Cancellation | AddressChange, order: PlacedOrder, told: Way) -> str:
    try:
        return await told(order, command)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return GONE


async def test_an_accepted_cancellation_cancels_and_a_refused_one_changes_nothing(
    shop: Shop, told: Way
) -> None:
    async def cancel(moment: Stage | None) -> tuple[str, OrderStatus]:
        order = await an_order_at(moment, shop)
        return await answer_to(a_cancellation(), order, told), await order.ends()

    seen = Counter(await asyncio.gather(*(cancel(moment) for moment in MOMENTS)))

    assert seen[ACCEPTED, OrderStatus.CANCELLED] > 0
    assert seen.keys() <= {
        (ACCEPTED, OrderStatus.CANCELLED), ("TOO_LATE", OrderStatus.COMPLETED), (GONE, OrderStatus.COMPLETED),
    }  # fmt: skip


async def test_an_accepted_address_is_on_the_label_and_a_refused_one_is_not(shop: Shop, told: Way) -> None:
    async def redirect(moment: Stage | None) -> str:
        order = await an_order_at(moment, shop)
        answer = await answer_to(an_address_change(ELSEWHERE), order, told)
        assert await order.ends() is OrderStatus.COMPLETED
        assert await order.label() == await order.address() == (ELSEWHERE if answer == ACCEPTED else HOME)
        return answer

    seen = Counter(await asyncio.gather(*(redirect(moment) for moment in MOMENTS)))

    assert seen[ACCEPTED] > 0
    assert seen.keys() <= {ACCEPTED, "ADDRESS_LOCKED", GONE}


async def test_a_cancellation_and_an_address_change_at_once_do_not_hinder_each_other(shop: Shop) -> None:
    async def both(moment: Stage | None) -> None:
        order = await an_order_at(moment, shop)
        redirected, cancelled = await asyncio.gather(
            *(answer_to(command, order, by_update) for command in (an_address_change(), a_cancellation()))
        )
        is_cancelled = await order.ends() is OrderStatus.CANCELLED
        assert is_cancelled is (cancelled == ACCEPTED)
        assert await order.label() in {None, await order.address()}
        assert (await order.address() == ELSEWHERE) is (redirected == ACCEPTED)

    await asyncio.gather(*(both(moment) for moment in MOMENTS))


async def test_a_cancellation_that_comes_twice_takes_place_though_the_second_is_written_first(
    shop: Shop,
) -> None:
    door = shop.doors.shut_before(BookActivities.record_cancellation)
    shop.dice.holds("prepare")
    order, command = await shop.start(an_order(costing_cents=4200)), a_cancellation()
    await shop.dice.is_asked_for("prepare")
    await order.signal(command)
    await door.has_stopped_one()

    await order.signal(command)
    assert await order.decision_on(command) == "ALREADY_CANCELLING"
    door.open()
    shop.dice.lets_go("prepare")

    assert await order.ends() is OrderStatus.CANCELLED
    assert await order.payments() == [charged(4200), refunded(4200)]


async def test_a_flood_of_refused_signals_is_written_down_only_in_part(shop: Shop) -> None:
    shop.dice.holds("ship")
    order = await shop.start(an_order())
    await shop.dice.is_asked_for("ship")

    await asyncio.gather(*(order.signal(a_cancellation()) for _ in range(REFUSED_SIGNALS_RECORDED + 5)))
    shop.dice.lets_go("ship")

    assert await order.ends() is OrderStatus.COMPLETED
    assert (await order.story()).count("cancel refused: TOO_LATE") == REFUSED_SIGNALS_RECORDED
