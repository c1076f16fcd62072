"""The cut-offs of a cancellation: one test a row of the table, told by Update and by signal."""

import pytest

from activities.books import BookActivities
from activities.shipping import ShippingActivities
from domain.events import ACCEPTED
from domain.stages import Stage
from domain.status import OrderStatus
from domain.tasks import ReviewRules
from signals import CancellationEffect
from tests.shop.facts import charged, ended, refunded, stages, undone, voided
from tests.shop.orders import BY_A_PERSON, REVIEWED_TOMORROW, Way, a_cancellation, an_address_change, an_order
from tests.shop.shop import Shop
from workers.shipping_worker import SHIPPING

HEARD = f"cancel: {ACCEPTED}"
PAID_BACK = [undone(Stage.PAYMENT_CHARGED), ended(OrderStatus.CANCELLED)]
UNPACKED_AND_PAID_BACK = [undone(Stage.PACKAGE_PREPARED), *PAID_BACK]
RECALLED_UNPACKED_AND_PAID_BACK = [undone(Stage.CARRIER_DISPATCHED), *UNPACKED_AND_PAID_BACK]


@pytest.mark.parametrize(
    ("call", "stage"), [("receive", Stage.ORDER_RECEIVED), ("validate", Stage.ORDER_VALIDATED)]
)
async def test_before_the_review_the_stage_in_flight_ends_and_no_money_moves(
    shop: Shop, told: Way, call: str, stage: Stage
) -> None:
    shop.dice.holds(call)
    order = await shop.start(an_order())
    await shop.dice.is_asked_for(call)

    assert await told(order, a_cancellation()) == ACCEPTED
    shop.dice.lets_go(call)

    assert await order.ends() is OrderStatus.CANCELLED
    assert await order.story() == [
        *stages(until=stage)[:-1],
        HEARD,
        stage.value,
        ended(OrderStatus.CANCELLED),
    ]
    assert await order.provider_log() == []


@pytest.mark.parametrize("rules", [BY_A_PERSON, REVIEWED_TOMORROW], ids=["a person's", "the simulated one"])
async def test_during_the_review_it_ends_the_waiting(shop: Shop, told: Way, rules: ReviewRules) -> None:
    order = await shop.start(an_order(reviewed=rules))
    await order.awaits_its_review()

    assert await told(order, a_cancellation()) == ACCEPTED

    assert await order.ends() is OrderStatus.CANCELLED
    assert await order.story() == [*stages(until=Stage.ORDER_VALIDATED), HEARD, ended(OrderStatus.CANCELLED)]
    assert shop.dice.calls["charge"] == 0


async def test_a_charge_in_flight_is_allowed_to_end_and_is_then_refunded(shop: Shop, told: Way) -> None:
    shop.dice.holds("charge")
    order = await shop.start(an_order(costing_cents=4200))
    await shop.dice.is_asked_for("charge")

    answer = shop.meanwhile(told(order, a_cancellation()))
    await order.becomes(OrderStatus.CANCELLING)
    shop.dice.lets_go("charge")

    assert await answer == ACCEPTED
    assert await order.ends() is OrderStatus.CANCELLED
    assert await order.story() == [
        *stages(until=Stage.ORDER_REVIEWED), HEARD, Stage.PAYMENT_CHARGED.value, *PAID_BACK,
    ]  # fmt: skip
    assert await order.payments() == [charged(4200), refunded(4200)]


@pytest.mark.usefixtures("soon_given_up")
async def test_a_charge_in_flight_that_never_took_place_is_not_refunded(shop: Shop, told: Way) -> None:
    shop.dice.breaks("charge")
    order = await shop.start(an_order(costing_cents=4200))
    await shop.dice.is_asked_for("charge")

    assert await told(order, a_cancellation()) == ACCEPTED

    assert await order.ends() is OrderStatus.CANCELLED
    assert await order.story() == [*stages(until=Stage.ORDER_REVIEWED), HEARD, ended(OrderStatus.CANCELLED)]
    assert await order.payments() == []
    assert await order.provider_log() == [voided(4200)]


@pytest.mark.usefixtures("soon_given_up")
async def test_a_charge_that_took_place_unheard_is_found_and_refunded(shop: Shop, told: Way) -> None:
    shop.dice.breaks("charge")
    order = await shop.start(an_order(costing_cents=4200))
    await shop.dice.is_asked_for("charge")
    await shop.provider_charges(order)

    assert await told(order, a_cancellation()) == ACCEPTED

    assert await order.ends() is OrderStatus.CANCELLED
    assert await order.payments() == [charged(4200), refunded(4200)]
    assert await order.story() == [
        *stages(until=Stage.ORDER_REVIEWED), HEARD, Stage.PAYMENT_CHARGED.value, *PAID_BACK,
    ]  # fmt: skip


async def test_between_the_charge_and_the_packing_only_the_charge_is_undone(shop: Shop, told: Way) -> None:
    """An address change that is still being written down keeps the packing from beginning."""
    shop.dice.holds("charge")
    writing = shop.doors.shut_before(BookActivities.record_address_change)
    order = await shop.start(an_order(costing_cents=4200))
    await shop.dice.is_asked_for("charge")
    changing = shop.meanwhile(told(order, an_address_change()))
    await writing.has_stopped_one()
    shop.dice.lets_go("charge")
    await order.reaches(Stage.PAYMENT_CHARGED)

    answer = shop.meanwhile(told(order, a_cancellation()))
    await order.becomes(OrderStatus.CANCELLING)
    writing.open()

    assert [await changing, await answer] == [ACCEPTED, ACCEPTED]
    assert await order.ends() is OrderStatus.CANCELLED
    assert shop.dice.calls["prepare"] == 0
    assert (await order.story())[-2:] == PAID_BACK
    assert await order.payments() == [charged(4200), refunded(4200)]


async def test_before_anyone_packs_the_shipping_stands_down(shop: Shop, told: Way) -> None:
    await shop.stop_work(SHIPPING)
    order = await shop.start(an_order(costing_cents=4200))
    await order.has_begun_shipping()

    assert await told(order, a_cancellation()) == ACCEPTED
    await order.shipping_is_told()
    await shop.begin_work(SHIPPING)

    assert await order.ends() is OrderStatus.CANCELLED
    assert shop.dice.calls["prepare"] == 0
    assert await order.story() == [*stages(until=Stage.PAYMENT_CHARGED), HEARD, *UNPACKED_AND_PAID_BACK]
    assert await order.payments() == [charged(4200), refunded(4200)]


async def test_while_it_is_packed_the_package_is_finished_unpacked_and_never_dispatched(
    shop: Shop, told: Way
) -> None:
    shop.dice.holds("prepare")
    order = await shop.start(an_order(costing_cents=4200))
    await shop.dice.is_asked_for("prepare")

    assert await told(order, a_cancellation()) == ACCEPTED
    await order.shipping_is_told()
    shop.dice.lets_go("prepare")

    assert await order.ends() is OrderStatus.CANCELLED
    assert await order.story() == [
        *stages(until=Stage.PAYMENT_CHARGED), HEARD, Stage.PACKAGE_PREPARED.value, *UNPACKED_AND_PAID_BACK,
    ]  # fmt: skip
    assert await order.carrier_log() == []
    assert await order.payments() == [charged(4200), refunded(4200)]


async def test_a_package_that_is_prepared_is_unpacked_and_never_dispatched(shop: Shop, told: Way) -> None:
    answering = shop.doors.shut_after(ShippingActivities.prepare_package)
    order = await shop.start(an_order(costing_cents=4200))
    await order.reaches(Stage.PACKAGE_PREPARED)

    assert await told(order, a_cancellation()) == ACCEPTED
    await order.shipping_is_told()
    answering.open()

    assert await order.ends() is OrderStatus.CANCELLED
    assert await order.story() == [*stages(until=Stage.PACKAGE_PREPARED), HEARD, *UNPACKED_AND_PAID_BACK]
    assert await order.carrier_log() == []
    assert await order.payments() == [charged(4200), refunded(4200)]


async def test_a_dispatch_in_flight_is_allowed_to_end_and_is_then_recalled(shop: Shop, told: Way) -> None:
    shop.dice.holds("dispatch")
    order = await shop.start(an_order(costing_cents=4200))
    await shop.dice.is_asked_for("dispatch")

    assert await told(order, a_cancellation()) == ACCEPTED
    shop.dice.lets_go("dispatch")

    assert await order.ends() is OrderStatus.CANCELLED
    assert await order.story() == [
        *stages(until=Stage.PACKAGE_PREPARED), HEARD, Stage.CARRIER_DISPATCHED.value,
        *RECALLED_UNPACKED_AND_PAID_BACK,
    ]  # fmt: skip
    assert await order.carrier_log() == ["dispatch", "recall"]
    assert await order.payments() == [charged(4200), refunded(4200)]


@pytest.mark.usefixtures("soon_given_up")
async def test_a_dispatch_in_flight_that_never_took_place_is_kept_from_taking_place(
    shop: Shop, told: Way
) -> None:
    shop.dice.breaks("dispatch")
    order = await shop.start(an_order(costing_cents=4200))
    await shop.dice.is_asked_for("dispatch")

    assert await told(order, a_cancellation()) == ACCEPTED

    assert await order.ends() is OrderStatus.CANCELLED
    assert await order.story() == [
        *stages(until=Stage.PACKAGE_PREPARED), HEARD, *RECALLED_UNPACKED_AND_PAID_BACK,
    ]  # fmt: skip
    assert await order.carrier_log() == ["void"]
    assert await order.payments() == [charged(4200), refunded(4200)]


async def test_a_dispatched_package_is_recalled_unpacked_and_refunded(shop: Shop, told: Way) -> None:
    answering = shop.doors.shut_after(ShippingActivities.dispatch_carrier)
    order = await shop.start(an_order(costing_cents=4200))
    await order.reaches(Stage.CARRIER_DISPATCHED)

    assert await told(order, a_cancellation()) == ACCEPTED
    answering.open()

    assert await order.ends() is OrderStatus.CANCELLED
    assert await order.story() == [
        *stages(until=Stage.CARRIER_DISPATCHED), HEARD, *RECALLED_UNPACKED_AND_PAID_BACK,
    ]  # fmt: skip
    assert await order.carrier_log() == ["dispatch", "recall"]
    assert await order.payments() == [charged(4200), refunded(4200)]
    assert shop.dice.calls["ship"] == 0


@pytest.mark.parametrize("call", ["ship", "deliver"])
async def test_once_shipping_has_begun_it_is_too_late(shop: Shop, told: Way, call: str) -> None:
    shop.dice.holds(call)
    order = await shop.start(an_order(costing_cents=4200))
    await shop.dice.is_asked_for(call)

    assert await told(order, a_cancellation()) == "TOO_LATE"
    shop.dice.lets_go(call)

    assert await order.ends() is OrderStatus.COMPLETED
    assert await order.payments() == [charged(4200)]


async def test_the_answer_to_an_update_says_what_becomes_of_the_money(shop: Shop) -> None:
    waiting = await shop.start(an_order(reviewed=BY_A_PERSON))
    await waiting.awaits_its_review()
    shop.dice.holds("charge")
    charging = await shop.start(an_order())
    await shop.dice.is_asked_for("charge")

    free, paid = shop.meanwhile(waiting.cancel()), shop.meanwhile(charging.cancel())
    await charging.becomes(OrderStatus.CANCELLING)
    shop.dice.lets_go("charge")

    assert await free is CancellationEffect.CANCELLED
    assert await paid is CancellationEffect.CANCELLED_AND_REFUNDED


async def test_the_answer_to_an_update_does_not_wait_for_the_refund(shop: Shop) -> None:
    shop.dice.holds("prepare", "refund")
    order = await shop.start(an_order())
    await shop.dice.is_asked_for("prepare")

    assert await order.cancel() is CancellationEffect.CANCELLED_AND_REFUNDED

    assert (await order.row()).status == OrderStatus.CANCELLING
    assert len(await order.payments()) == 1
    shop.dice.lets_go("prepare", "refund")
    assert await order.ends() is OrderStatus.CANCELLED


async def test_an_order_that_is_being_cancelled_is_not_cancelled_again(shop: Shop, told: Way) -> None:
    shop.dice.holds("prepare")
    order = await shop.start(an_order(costing_cents=4200))
    await shop.dice.is_asked_for("prepare")
    await order.cancel()

    assert await told(order, a_cancellation()) == "ALREADY_CANCELLING"
    shop.dice.lets_go("prepare")

    assert await order.ends() is OrderStatus.CANCELLED
    assert await order.payments() == [charged(4200), refunded(4200)]
