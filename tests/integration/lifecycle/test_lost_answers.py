"""What was committed and reported as failed is tried again, and changes nothing.

A local activity that was tried again leaves a timer in the SDK's core; when it fires after the worker has
gone, the core complains on standard error, of nothing that matters.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from activities.books import BookActivities
from activities.intake import IntakeActivities
from activities.payment import PaymentActivities
from activities.shipping import ShippingActivities
from domain.events import ACCEPTED
from domain.stages import Stage
from domain.status import OrderStatus
from signals import Verdict
from tests.shop.facts import charged, ended, refunded, stages, undone, voided
from tests.shop.orders import BY_A_PERSON, ELSEWHERE, a_review, an_order
from tests.shop.shop import Shop

Deed = Callable[..., Any]

THE_WAY = (
    IntakeActivities.receive_order,
    IntakeActivities.validate_order,
    PaymentActivities.charge_payment,
    ShippingActivities.prepare_package,
    ShippingActivities.dispatch_carrier,
    ShippingActivities.ship_order,
    ShippingActivities.deliver_order,
)
THE_WAY_BACK = (
    ShippingActivities.recall_carrier,
    ShippingActivities.unpack_package,
    PaymentActivities.refund_payment,
)


def lose_twice(shop: Shop, *deeds: Deed) -> None:
    for deed in deeds:
        shop.doors.lose_the_answer_of(deed, times=2)


async def test_every_stage_is_reached_once(shop: Shop) -> None:
    lose_twice(shop, *THE_WAY)

    order = await shop.start(an_order(costing_cents=4200))

    assert await order.ends() is OrderStatus.COMPLETED
    assert shop.doors.answers_to_lose == 0
    assert await order.story() == [*stages(until=Stage.ORDER_DELIVERED), ended(OrderStatus.COMPLETED)]
    assert await order.payments() == await order.provider_log() == [charged(4200)]


async def test_a_cancellation_is_written_once_and_everything_undone_once(shop: Shop) -> None:
    lose_twice(shop, BookActivities.record_cancellation, *THE_WAY_BACK)
    shop.dice.holds("dispatch")
    order = await shop.start(an_order(costing_cents=4200))
    await shop.dice.is_asked_for("dispatch")

    await order.cancel()
    shop.dice.lets_go("dispatch")

    assert await order.ends() is OrderStatus.CANCELLED
    assert shop.doors.answers_to_lose == 0
    assert await order.story() == [
        *stages(until=Stage.PACKAGE_PREPARED),
        f"cancel: {ACCEPTED}",
        Stage.CARRIER_DISPATCHED.value,
        undone(Stage.CARRIER_DISPATCHED),
        undone(Stage.PACKAGE_PREPARED),
        undone(Stage.PAYMENT_CHARGED),
        ended(OrderStatus.CANCELLED),
    ]
    assert await order.carrier_log() == ["dispatch", "recall"]
    assert await order.payments() == await order.provider_log() == [charged(4200), refunded(4200)]


@pytest.mark.usefixtures("soon_given_up")
@pytest.mark.parametrize("provider_had_charged", [True, False])
async def test_a_charge_in_doubt_is_settled_once(shop: Shop, provider_had_charged: bool) -> None:
    lose_twice(shop, PaymentActivities.settle_charge)
    if not provider_had_charged:
        lose_twice(shop, BookActivities.begin_failing, BookActivities.end_order)
    shop.dice.breaks("charge")
    order = await shop.start(an_order(costing_cents=4200))
    await shop.dice.is_asked_for("charge")
    if provider_had_charged:
        await shop.provider_charges(order)

    status = await order.ends()

    assert status is (OrderStatus.COMPLETED if provider_had_charged else OrderStatus.FAILED)
    assert shop.doors.answers_to_lose == 0
    assert await order.provider_log() == [charged(4200) if provider_had_charged else voided(4200)]
    assert (await order.story())[-1] == ended(status)


async def test_a_command_is_written_once(shop: Shop) -> None:
    lose_twice(shop, BookActivities.record_review, BookActivities.record_address_change)
    order = await shop.start(an_order(reviewed=BY_A_PERSON))
    await order.awaits_its_review()

    await asyncio.gather(order.change_address(ELSEWHERE), order.tell(a_review(Verdict.APPROVE)))

    assert await order.ends() is OrderStatus.COMPLETED
    assert shop.doors.answers_to_lose == 0
    heard = [line for line in await order.story() if ": " in line]
    assert sorted(heard) == [f"change_address: {ACCEPTED}", ended(OrderStatus.COMPLETED), "review: approve"]
    assert await order.label() == ELSEWHERE
