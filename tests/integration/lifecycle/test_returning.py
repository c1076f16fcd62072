"""A completed order is taken back within its window, once, and paid back in full."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from activities.payment import PaymentActivities
from activities.returns import ReturnActivities
from domain.events import ACCEPTED
from domain.stages import Stage
from domain.status import OrderStatus
from domain.tasks import ReturnOutcome
from tests.shop.facts import charged, ended, refunded, stages, undone
from tests.shop.orders import PlacedOrder, an_order
from tests.shop.shop import RETURN_WINDOW, Shop

COMPLETED = [*stages(until=Stage.ORDER_DELIVERED), ended(OrderStatus.COMPLETED)]
RETURNED = [*COMPLETED, f"return: {ACCEPTED}", undone(Stage.PAYMENT_CHARGED), ended(OrderStatus.RETURNED)]
MOMENT = timedelta(milliseconds=1)


async def a_completed_order(shop: Shop, *, costing_cents: int = 4200) -> PlacedOrder:
    order = await shop.start(an_order(costing_cents=costing_cents))
    assert await order.ends() is OrderStatus.COMPLETED
    return order


async def test_an_accepted_return_pays_everything_back(shop: Shop) -> None:
    order = await a_completed_order(shop, costing_cents=4200)

    outcome = await shop.take_back(order, requested_at=datetime.now(UTC))

    assert outcome == ReturnOutcome(refund_cents=4200)
    assert await order.story() == RETURNED
    assert await order.payments() == [charged(4200), refunded(4200)]
    assert (await order.row()).status == OrderStatus.RETURNED


@pytest.mark.parametrize(
    ("after", "refusal"),
    [(RETURN_WINDOW - MOMENT, None), (RETURN_WINDOW, None), (RETURN_WINDOW + MOMENT, "RETURN_WINDOW_CLOSED")],
    ids=["inside", "at its end", "past its end"],
)
async def test_the_window_counts_from_the_shipping_and_includes_its_end(
    shop: Shop, after: timedelta, refusal: str | None
) -> None:
    order = await a_completed_order(shop)

    outcome = await shop.take_back(order, requested_at=await order.shipped_at() + after)

    assert outcome.refusal_code == refusal
    assert (await order.row()).status == (OrderStatus.COMPLETED if refusal else OrderStatus.RETURNED)


@pytest.mark.parametrize(
    ("call", "refusal"),
    [("charge", "NOT_SHIPPED"), ("ship", "NOT_SHIPPED"), ("deliver", "NOT_DELIVERED_YET")],
)
async def test_an_order_on_its_way_is_not_taken_back(shop: Shop, call: str, refusal: str) -> None:
    shop.dice.holds(call)
    order = await shop.start(an_order())
    await shop.dice.is_asked_for(call)
    if call == "deliver":
        await order.reaches(Stage.ORDER_SHIPPED)

    outcome = await shop.take_back(order, requested_at=datetime.now(UTC))
    shop.dice.lets_go(call)

    assert outcome.refusal_code == refusal
    assert await order.ends() is OrderStatus.COMPLETED
    assert f"return: {refusal}" in await order.story()


async def test_a_cancelled_order_is_not_paid_back_again(shop: Shop) -> None:
    shop.dice.holds("prepare", "refund")
    order = await shop.start(an_order(costing_cents=4200))
    await shop.dice.is_asked_for("prepare")
    await order.cancel()

    meanwhile = await shop.take_back(order, requested_at=datetime.now(UTC))
    shop.dice.lets_go("prepare", "refund")
    await order.ends()
    afterwards = await shop.take_back(order, requested_at=datetime.now(UTC))

    assert meanwhile.refusal_code == "ALREADY_CANCELLING"
    assert afterwards.refusal_code == "ALREADY_CANCELLED"
    assert await order.payments() == [charged(4200), refunded(4200)]


async def test_of_many_returns_at_once_one_is_accepted(shop: Shop) -> None:
    order = await a_completed_order(shop, costing_cents=4200)
    asked_at = datetime.now(UTC)

    outcomes = await asyncio.gather(*(shop.take_back(order, requested_at=asked_at) for _ in range(4)))

    accepted = [outcome for outcome in outcomes if outcome.refusal_code is None]
    assert accepted == [ReturnOutcome(refund_cents=4200)]
    assert {outcome.refusal_code for outcome in outcomes} <= {None, "ALREADY_RETURNING", "ALREADY_RETURNED"}
    assert await order.payments() == [charged(4200), refunded(4200)]


async def test_a_returned_order_is_not_taken_back_again(shop: Shop) -> None:
    order = await a_completed_order(shop)
    await shop.take_back(order, requested_at=datetime.now(UTC))

    again = await shop.take_back(order, requested_at=datetime.now(UTC))

    assert again.refusal_code == "ALREADY_RETURNED"


async def test_a_return_whose_answers_are_lost_is_accepted_and_paid_once(shop: Shop) -> None:
    order = await a_completed_order(shop, costing_cents=4200)
    shop.doors.lose_the_answer_of(ReturnActivities.claim_return, times=2)
    shop.doors.lose_the_answer_of(PaymentActivities.refund_payment, times=2)

    outcome = await shop.take_back(order, requested_at=datetime.now(UTC))

    assert outcome == ReturnOutcome(refund_cents=4200)
    assert shop.doors.answers_to_lose == 0
    assert await order.story() == RETURNED


async def test_a_refused_return_stays_refused_though_its_answer_was_lost(shop: Shop) -> None:
    """Between the two tries the order is delivered; the request was decided before that."""
    shop.dice.holds("deliver")
    order = await shop.start(an_order())
    await order.reaches(Stage.ORDER_SHIPPED)
    command_id = uuid4().hex
    first = await shop.take_back(order, requested_at=datetime.now(UTC), command_id=command_id)
    shop.dice.lets_go("deliver")
    await order.ends()

    again = await shop.take_back(order, requested_at=datetime.now(UTC), command_id=command_id)

    assert [first.refusal_code, again.refusal_code] == ["NOT_DELIVERED_YET"] * 2
    assert (await order.row()).status == OrderStatus.COMPLETED
