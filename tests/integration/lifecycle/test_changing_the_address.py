"""The cut-off of an address change: one test a row of the table, told by Update and by signal."""

import asyncio

import pytest

from activities.books import BookActivities
from activities.shipping import ShippingActivities
from domain.events import ACCEPTED
from domain.orders import Address
from domain.stages import Stage
from domain.status import OrderStatus
from tests.shop.orders import (
    BY_A_PERSON,
    ELSEWHERE,
    HOME,
    PlacedOrder,
    Way,
    an_address_change,
    an_order,
    by_signal,
)
from tests.shop.shop import Shop
from workers.shipping_worker import SHIPPING

A_THIRD_PLACE = Address(line1="4 High Road", city="York", postal_code="YO1 7HH", country="GB")


async def assert_sent_to(address: Address, order: PlacedOrder) -> None:
    assert await order.ends() is OrderStatus.COMPLETED
    assert await order.label() == address
    assert await order.address() == address


@pytest.mark.parametrize("call", ["receive", "validate", "charge", "prepare"])
async def test_until_dispatch_begins_the_new_address_goes_on_the_label(
    shop: Shop, told: Way, call: str
) -> None:
    shop.dice.holds(call)
    order = await shop.start(an_order())
    await shop.dice.is_asked_for(call)

    assert await told(order, an_address_change(ELSEWHERE)) == ACCEPTED
    shop.dice.lets_go(call)

    await assert_sent_to(ELSEWHERE, order)
    assert f"change_address: {ACCEPTED}" in await order.story()


async def test_during_the_review_the_address_changes_and_the_waiting_goes_on(shop: Shop, told: Way) -> None:
    order = await shop.start(an_order(reviewed=BY_A_PERSON))
    await order.awaits_its_review()

    assert await told(order, an_address_change(ELSEWHERE)) == ACCEPTED
    await order.approve()

    await assert_sent_to(ELSEWHERE, order)


async def test_a_prepared_package_can_still_be_sent_elsewhere(shop: Shop, told: Way) -> None:
    answering = shop.doors.shut_after(ShippingActivities.prepare_package)
    order = await shop.start(an_order())
    await order.reaches(Stage.PACKAGE_PREPARED)

    assert await told(order, an_address_change(ELSEWHERE)) == ACCEPTED
    answering.open()

    await assert_sent_to(ELSEWHERE, order)


async def test_the_shipping_takes_a_change_that_reached_it_before_it_could_begin(
    shop: Shop, told: Way
) -> None:
    await shop.stop_work(SHIPPING)
    order = await shop.start(an_order())
    await order.has_begun_shipping()

    answer = shop.meanwhile(told(order, an_address_change(ELSEWHERE)))
    await order.shipping_is_told()
    await shop.begin_work(SHIPPING)

    assert await answer == ACCEPTED
    await assert_sent_to(ELSEWHERE, order)


@pytest.mark.parametrize("call", ["dispatch", "ship", "deliver"])
async def test_once_dispatch_has_begun_the_address_is_locked(shop: Shop, told: Way, call: str) -> None:
    shop.dice.holds(call)
    order = await shop.start(an_order())
    await shop.dice.is_asked_for(call)

    assert await told(order, an_address_change(ELSEWHERE)) == "ADDRESS_LOCKED"
    shop.dice.lets_go(call)

    await assert_sent_to(HOME, order)


async def test_a_dispatched_package_goes_where_its_label_says(shop: Shop, told: Way) -> None:
    answering = shop.doors.shut_after(ShippingActivities.dispatch_carrier)
    order = await shop.start(an_order())
    await order.reaches(Stage.CARRIER_DISPATCHED)

    assert await told(order, an_address_change(ELSEWHERE)) == "ADDRESS_LOCKED"
    answering.open()

    await assert_sent_to(HOME, order)


async def test_an_order_that_is_being_cancelled_goes_nowhere(shop: Shop, told: Way) -> None:
    shop.dice.holds("prepare")
    order = await shop.start(an_order())
    await shop.dice.is_asked_for("prepare")
    await order.cancel()

    assert await told(order, an_address_change(ELSEWHERE)) == "ALREADY_CANCELLING"
    shop.dice.lets_go("prepare")

    assert await order.ends() is OrderStatus.CANCELLED
    assert await order.address() == HOME


async def test_the_label_has_the_last_accepted_address(shop: Shop, told: Way) -> None:
    shop.dice.holds("charge", "prepare")
    order = await shop.start(an_order())
    await shop.dice.is_asked_for("charge")
    assert await told(order, an_address_change(ELSEWHERE)) == ACCEPTED
    shop.dice.lets_go("charge")
    await shop.dice.is_asked_for("prepare")

    assert await told(order, an_address_change(A_THIRD_PLACE)) == ACCEPTED
    shop.dice.lets_go("prepare")

    await assert_sent_to(A_THIRD_PLACE, order)


async def test_a_signal_that_comes_twice_does_not_take_a_later_change_back(shop: Shop) -> None:
    shop.dice.holds("charge")
    order = await shop.start(an_order())
    await shop.dice.is_asked_for("charge")
    twice = an_address_change(ELSEWHERE)
    assert await by_signal(order, twice) == ACCEPTED
    assert await by_signal(order, an_address_change(A_THIRD_PLACE)) == ACCEPTED

    await order.signal(twice)
    shop.dice.lets_go("charge")

    await assert_sent_to(A_THIRD_PLACE, order)


async def test_no_stage_begins_while_a_change_is_being_written_down(shop: Shop) -> None:
    shop.dice.holds("charge")
    writing = shop.doors.shut_before(BookActivities.record_address_change)
    order = await shop.start(an_order())
    await shop.dice.is_asked_for("charge")
    changing = shop.meanwhile(order.change_address(ELSEWHERE))
    await writing.has_stopped_one()

    shop.dice.lets_go("charge")
    await order.knows_itself_at(Stage.PAYMENT_CHARGED)

    assert (await order.progress()).begun is Stage.PAYMENT_CHARGED
    writing.open()
    await changing
    await assert_sent_to(ELSEWHERE, order)


async def test_of_two_changes_at_once_the_later_stands_in_the_books_as_on_the_label(shop: Shop) -> None:
    shop.dice.holds("charge")
    writing = shop.doors.shut_before(BookActivities.record_address_change)
    order = await shop.start(an_order())
    await shop.dice.is_asked_for("charge")
    earlier = shop.meanwhile(order.change_address(ELSEWHERE))
    await writing.has_stopped_one()

    later = shop.meanwhile(order.change_address(A_THIRD_PLACE))
    await order.has_accepted(updates=2)
    writing.open()

    await asyncio.gather(earlier, later)
    shop.dice.lets_go("charge")
    await assert_sent_to(A_THIRD_PLACE, order)


async def test_a_change_that_the_shipping_ended_without_answering_is_refused(shop: Shop, told: Way) -> None:
    """Nobody can say any more whether the carrier has been told."""
    await shop.stop_work(SHIPPING)
    order = await shop.start(an_order())
    await order.has_begun_shipping()
    answer = shop.meanwhile(told(order, an_address_change(ELSEWHERE)))
    await order.shipping_is_told()

    await order.shipping().terminate("by a stranger")

    assert await answer == "ADDRESS_LOCKED"
    await shop.begin_work(SHIPPING)
    await assert_sent_to(HOME, order)


@pytest.mark.usefixtures("soon_given_up")
async def test_a_second_shipping_knows_the_address_that_the_first_took(shop: Shop, told: Way) -> None:
    shop.dice.breaks("prepare")
    order = await shop.start(an_order())
    await shop.dice.is_asked_for("prepare")
    assert await told(order, an_address_change(ELSEWHERE)) == ACCEPTED

    await order.shipping(attempt=1).result()
    shop.dice.lets_go("prepare")

    await assert_sent_to(ELSEWHERE, order)
    assert (await order.shipping(attempt=2).result()).progress.has_reached(Stage.CARRIER_DISPATCHED)
