"""However much an order is told, it can still be cancelled."""

import asyncio
from collections import Counter
from functools import partial

from activities.books import BookActivities
from domain.events import ACCEPTED
from domain.status import OrderStatus
from signals import ADDRESS_CHANGES_TAKEN_UP, Verdict
from tests.shop.histories import kinds_in_history
from tests.shop.orders import (
    BY_A_PERSON,
    Way,
    a_cancellation,
    a_review,
    an_address_change,
    an_order,
    by_update,
)
from tests.shop.shop import Shop
from workers.shipping_worker import SHIPPING

EVERY_UPDATE = (a_cancellation, an_address_change, partial(a_review, Verdict.APPROVE))
TOO_MANY = "TOO_MANY_ADDRESS_CHANGES"


async def test_an_address_that_was_changed_too_often_stays_and_the_order_can_be_cancelled(
    shop: Shop, told: Way
) -> None:
    order = await shop.start(an_order(reviewed=BY_A_PERSON))
    await order.awaits_its_review()

    answers = [await told(order, an_address_change()) for _ in range(ADDRESS_CHANGES_TAKEN_UP + 2)]

    assert answers == [ACCEPTED] * ADDRESS_CHANGES_TAKEN_UP + [TOO_MANY] * 2
    assert await told(order, a_cancellation()) == ACCEPTED
    assert await order.ends() is OrderStatus.CANCELLED


async def test_changes_that_wait_for_the_shipping_do_not_keep_a_cancellation_out(shop: Shop) -> None:
    await shop.stop_work(SHIPPING)
    order = await shop.start(an_order())
    await order.has_begun_shipping()
    waiting = [shop.meanwhile(by_update(order, an_address_change())) for _ in range(ADDRESS_CHANGES_TAKEN_UP)]
    await order.has_accepted(updates=ADDRESS_CHANGES_TAKEN_UP)

    assert await by_update(order, an_address_change()) == TOO_MANY
    assert await by_update(order, a_cancellation()) == ACCEPTED
    await shop.begin_work(SHIPPING)

    assert await order.ends() is OrderStatus.CANCELLED
    answers = Counter(await asyncio.gather(*waiting))
    assert answers.keys() <= {ACCEPTED, "ALREADY_CANCELLING", "ADDRESS_LOCKED"}
    assert answers[ACCEPTED] == (await order.story()).count(f"change_address: {ACCEPTED}")


async def test_a_refused_update_leaves_nothing_in_the_history(shop: Shop) -> None:
    """So that however many are refused, there is room for one that is accepted."""
    writing = shop.doors.shut_before(BookActivities.record_cancellation)
    order = await shop.start(an_order(reviewed=BY_A_PERSON))
    await order.awaits_its_review()
    cancelling = shop.meanwhile(by_update(order, a_cancellation()))
    await writing.has_stopped_one()
    before = await kinds_in_history(order.handle)

    answers = {await by_update(order, command()) for command in EVERY_UPDATE}

    assert answers == {"ALREADY_CANCELLING"}
    assert await kinds_in_history(order.handle) == before
    writing.open()
    assert await cancelling == ACCEPTED
