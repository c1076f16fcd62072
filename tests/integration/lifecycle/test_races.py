"""Two things that come to an order at once: forced into one workflow task, and tried again and again."""

from datetime import timedelta
from typing import Any

import pytest
from temporalio import workflow
from temporalio.api.enums.v1 import EventType

from activities.payment import PaymentActivities
from domain.events import ACCEPTED
from domain.status import OrderStatus
from domain.tasks import ReviewRules
from signals import AddressChange, Cancellation, Review, Verdict
from tests.shop.facts import Moved, charged, refunded
from tests.shop.histories import stands_in
from tests.shop.orders import (
    BY_A_PERSON,
    ELSEWHERE,
    HOME,
    PlacedOrder,
    Way,
    a_cancellation,
    a_review,
    an_address_change,
    an_order,
    by_update,
)
from tests.shop.shop import Shop
from tests.shop.slow import slowly
from workers.order_worker import ORDER
from workers.shipping_worker import SHIPPING

# A race that is forced goes the same way each time; that it does is seen in the slow runs.
AGAIN = pytest.mark.parametrize("time", [1, *slowly(2, 3)])

PAID_BACK = [charged(4200), refunded(4200)]

# No timer of the review's: the first in the history is then that of the moment.
AT_ONCE = ReviewRules(approve_after=timedelta(), deadline=timedelta(days=1))
A_MOMENT = timedelta(seconds=1)

# A stage would have been given up after the third.
TRIES_BEYOND_PATIENCE = 5


async def answers_at_once(
    shop: Shop, order: PlacedOrder, *commands: Cancellation | AddressChange | Review
) -> list[str]:
    """Send the commands in this order while the order's worker is away: it then decides all in one task."""
    await shop.stop_work(ORDER)
    answers = []
    for command in commands:
        answers.append(shop.meanwhile(by_update(order, command)))
        await order.has_been_sent(command)
    await shop.begin_work(ORDER)
    return [await answer for answer in answers]


async def an_order_being_packed(shop: Shop) -> PlacedOrder:
    shop.dice.holds("prepare")
    order = await shop.start(an_order(costing_cents=4200))
    await shop.dice.is_asked_for("prepare")
    return order


async def readings_until_the_end(order: PlacedOrder) -> list[tuple[str, tuple[Moved, ...]]]:
    """What a reader sees who looks as fast as possible, status and payments in one look."""
    seen: list[tuple[str, tuple[Moved, ...]]] = []
    while not seen or seen[-1][0] != OrderStatus.CANCELLED:
        seen.append(await order.status_and_payments())
    return seen


async def an_order_whose_second_shipping_waits(shop: Shop) -> PlacedOrder:
    """A stranger has ended the first, and no worker has seen the second."""
    await shop.stop_work(SHIPPING)
    order = await shop.start(an_order(costing_cents=4200))
    await order.has_begun_shipping(attempt=1)
    await order.shipping(attempt=1).terminate("by a stranger")
    await order.has_begun_shipping(attempt=2)
    return order


@AGAIN
async def test_of_two_cancellations_the_first_counts(shop: Shop, time: int) -> None:
    order = await an_order_being_packed(shop)

    answers = await answers_at_once(shop, order, a_cancellation(), a_cancellation())
    shop.dice.lets_go("prepare")

    assert answers == [ACCEPTED, "ALREADY_CANCELLING"]
    assert await order.ends() is OrderStatus.CANCELLED
    assert await order.payments() == PAID_BACK


@AGAIN
async def test_an_order_that_is_cancelled_first_goes_nowhere_else(shop: Shop, time: int) -> None:
    order = await an_order_being_packed(shop)

    answers = await answers_at_once(shop, order, a_cancellation(), an_address_change(ELSEWHERE))
    shop.dice.lets_go("prepare")

    assert answers == [ACCEPTED, "ALREADY_CANCELLING"]
    assert await order.ends() is OrderStatus.CANCELLED
    assert await order.address() == HOME


@AGAIN
async def test_an_order_that_is_redirected_first_is_cancelled_all_the_same(shop: Shop, time: int) -> None:
    order = await an_order_being_packed(shop)

    answers = await answers_at_once(shop, order, an_address_change(ELSEWHERE), a_cancellation())
    shop.dice.lets_go("prepare")

    assert answers == [ACCEPTED, ACCEPTED]
    assert await order.ends() is OrderStatus.CANCELLED
    assert await order.address() == ELSEWHERE
    assert await order.carrier_log() == []
    assert await order.payments() == PAID_BACK


@AGAIN
@pytest.mark.parametrize("verdict", list(Verdict))
async def test_an_order_that_is_reviewed_and_cancelled_is_cancelled(
    shop: Shop, verdict: Verdict, time: int
) -> None:
    order = await shop.start(an_order(reviewed=BY_A_PERSON))
    await order.awaits_its_review()

    answers = await answers_at_once(shop, order, a_review(verdict), a_cancellation())

    assert answers == [ACCEPTED, ACCEPTED]
    assert await order.ends() is OrderStatus.CANCELLED
    assert await order.provider_log() == []


@AGAIN
async def test_an_order_that_is_cancelled_first_is_not_reviewed(shop: Shop, time: int) -> None:
    order = await shop.start(an_order(reviewed=BY_A_PERSON))
    await order.awaits_its_review()

    answers = await answers_at_once(shop, order, a_cancellation(), a_review(Verdict.APPROVE))

    assert answers == [ACCEPTED, "ALREADY_CANCELLING"]
    assert await order.ends() is OrderStatus.CANCELLED
    assert not any(line.startswith("review") for line in await order.story())


@AGAIN
@pytest.mark.usefixtures("soon_given_up")
async def test_a_cancellation_that_comes_as_the_first_shipping_ends_lets_no_second_begin(
    shop: Shop, time: int
) -> None:
    shop.dice.breaks("prepare")
    order = await shop.start(an_order(costing_cents=4200))
    await shop.dice.is_asked_for("prepare")
    await shop.stop_work(ORDER)
    await order.shipping(attempt=1).result()
    answer = shop.meanwhile(by_update(order, command := a_cancellation()))
    await order.has_been_sent(command)

    await shop.begin_work(ORDER)

    assert await answer == ACCEPTED
    assert await order.ends() is OrderStatus.CANCELLED
    assert not await order.has_shipping(attempt=2)
    assert await order.payments() == PAID_BACK


async def an_order_whose_shipping_is_ordered(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> PlacedOrder:
    """Its workflow has asked for the shipping child, and will be told in a moment that there is one."""
    start = workflow.start_child_workflow

    async def start_in_a_moment(*args: Any, **options: Any) -> Any:
        await workflow.sleep(A_MOMENT)
        return await start(*args, **options)

    monkeypatch.setattr(workflow, "start_child_workflow", start_in_a_moment)
    order = await shop.start(an_order(costing_cents=4200, reviewed=AT_ONCE))
    await stands_in(order.handle, EventType.EVENT_TYPE_TIMER_STARTED)
    await shop.stop_work(SHIPPING)
    return order


async def test_a_cancellation_waits_for_a_shipping_that_is_ordered_and_stands_it_down(
    shop: Shop, told: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await an_order_whose_shipping_is_ordered(shop, monkeypatch)

    assert await told(order, a_cancellation()) == ACCEPTED
    await order.shipping_is_told()
    await shop.begin_work(SHIPPING)

    assert await order.ends() is OrderStatus.CANCELLED
    assert shop.dice.calls["prepare"] == 0


async def test_an_address_change_waits_for_a_shipping_that_is_ordered_and_reaches_its_label(
    shop: Shop, told: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await an_order_whose_shipping_is_ordered(shop, monkeypatch)

    answer = shop.meanwhile(told(order, an_address_change(ELSEWHERE)))
    await order.shipping_is_told()
    await shop.begin_work(SHIPPING)

    assert await answer == ACCEPTED
    assert await order.ends() is OrderStatus.COMPLETED
    assert await order.label() == ELSEWHERE


async def test_a_second_shipping_that_has_not_begun_to_pack_stands_down(shop: Shop, told: Way) -> None:
    order = await an_order_whose_second_shipping_waits(shop)

    assert await told(order, a_cancellation()) == ACCEPTED
    await order.shipping_is_told(attempt=2)
    await shop.begin_work(SHIPPING)

    assert await order.ends() is OrderStatus.CANCELLED
    assert shop.dice.calls["prepare"] == 0
    assert await order.carrier_log() == ["void"]
    assert await order.payments() == PAID_BACK


async def test_once_a_stranger_has_ended_a_shipping_the_address_stays_locked(shop: Shop, told: Way) -> None:
    """The first may have told the carrier."""
    order = await an_order_whose_second_shipping_waits(shop)

    assert await told(order, an_address_change(ELSEWHERE)) == "ADDRESS_LOCKED"
    await shop.begin_work(SHIPPING)

    assert await order.ends() is OrderStatus.COMPLETED
    assert await order.label() == await order.address() == HOME


async def test_nobody_reads_that_an_order_is_cancelled_before_the_money_is_back(shop: Shop) -> None:
    shop.dice.breaks("refund")
    order = await an_order_being_packed(shop)
    await order.cancel()
    shop.dice.lets_go("prepare")
    reading = shop.meanwhile(readings_until_the_end(order))

    await order.has_tried(PaymentActivities.refund_payment, times=1)
    assert (await order.row()).status == OrderStatus.CANCELLING
    shop.dice.lets_go("refund")

    assert await order.ends() is OrderStatus.CANCELLED
    assert set(await reading) == {
        (OrderStatus.CANCELLING, (charged(4200),)),
        (OrderStatus.CANCELLED, (charged(4200), refunded(4200))),
    }


@pytest.mark.usefixtures("soon_given_up")
async def test_a_refund_is_tried_until_it_is_done(shop: Shop) -> None:
    shop.dice.breaks("refund")
    order = await shop.start(an_order(costing_cents=4200, reviewed=BY_A_PERSON))
    await order.awaits_its_review()
    shop.dice.breaks("prepare")
    await order.approve()
    await shop.dice.is_asked_for("prepare")
    await order.cancel()

    await order.has_tried(PaymentActivities.refund_payment, times=TRIES_BEYOND_PATIENCE)

    assert (await order.row()).status == OrderStatus.CANCELLING
    shop.dice.lets_go("refund")
    assert await order.ends() is OrderStatus.CANCELLED
    assert await order.payments() == PAID_BACK
