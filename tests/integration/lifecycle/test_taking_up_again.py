"""An order whose workflow was lost is taken up where the books say it stands, and ends as if nothing was."""

import pytest

from activities.books import BookActivities
from activities.payment import PaymentActivities
from activities.shipping import ShippingActivities
from config.settings import ReviewMode
from db.books import now
from domain.events import ACCEPTED
from domain.stages import Stage
from domain.status import OrderStatus
from domain.tasks import ShippingStart
from signals import CancellationEffect, Verdict
from tests.shop.desk import lost, taken_up
from tests.shop.doors import Deed
from tests.shop.facts import Moved, charged, ended, refunded, stages, undone, voided
from tests.shop.orders import (
    BY_A_PERSON,
    ELSEWHERE,
    HOME,
    a_cancellation,
    a_review,
    an_order,
    refused,
)
from tests.shop.shop import Shop
from tests.shop.slow import slowly
from workflows.shipping_workflow import ShippingWorkflow

DONE = [*stages(until=Stage.ORDER_DELIVERED), ended(OrderStatus.COMPLETED)]


CALLS = ["charge", "dispatch", *slowly("receive", "validate", "prepare", "ship", "deliver")]


@pytest.mark.parametrize("call", CALLS)
async def test_lost_in_the_middle_of_a_stage_it_completes_and_pays_once(shop: Shop, call: str) -> None:
    shop.dice.holds(call)
    before = await shop.start(an_order(costing_cents=4200))
    await shop.dice.is_asked_for(call)

    await lost(before)
    order = await taken_up(shop, before)
    shop.dice.lets_go(call)

    assert await order.ends() is OrderStatus.COMPLETED
    assert await order.story() == DONE
    assert await order.payments() == await order.provider_log() == [charged(4200)]
    assert await order.carrier_log() == ["dispatch"]


DEEDS = [
    PaymentActivities.charge_payment,
    *slowly(
        ShippingActivities.prepare_package, ShippingActivities.dispatch_carrier, ShippingActivities.ship_order
    ),
]


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.__name__)
async def test_lost_just_after_a_deed_it_does_not_repeat_it(shop: Shop, deed: Deed) -> None:
    door = shop.doors.shut_after(deed)
    before = await shop.start(an_order(costing_cents=4200))
    await door.has_stopped_one()

    await lost(before)
    order = await taken_up(shop, before)

    assert await order.ends() is OrderStatus.COMPLETED
    assert await order.story() == DONE
    assert await order.payments() == await order.provider_log() == [charged(4200)]


async def test_while_a_person_is_awaited_it_waits_again(shop: Shop) -> None:
    before = await shop.start(an_order(reviewed=BY_A_PERSON))
    await before.awaits_its_review()

    await lost(before)
    order = await taken_up(shop, before, review=ReviewMode.MANUAL)
    await order.awaits_its_review()
    await order.approve()

    assert await order.ends() is OrderStatus.COMPLETED


async def test_what_a_person_approved_is_not_asked_again(shop: Shop) -> None:
    shop.dice.holds("charge")
    before = await shop.start(an_order(reviewed=BY_A_PERSON))
    await before.awaits_its_review()
    await before.approve()
    await shop.dice.is_asked_for("charge")

    await lost(before)
    order = await taken_up(shop, before, review=ReviewMode.MANUAL)
    with refused("ALREADY_REVIEWED"):
        await order.tell(a_review(Verdict.REJECT))
    shop.dice.lets_go("charge")

    assert await order.ends() is OrderStatus.COMPLETED


async def test_what_a_person_turned_down_stays_so(shop: Shop) -> None:
    door = shop.doors.shut_after(BookActivities.record_review)
    before = await shop.start(an_order(reviewed=BY_A_PERSON))
    await before.awaits_its_review()
    shop.meanwhile(before.tell(a_review(Verdict.REJECT)))
    await door.has_stopped_one()

    await lost(before)
    order = await taken_up(shop, before)

    assert await order.ends() is OrderStatus.REJECTED
    assert shop.dice.calls["charge"] == 0


@pytest.mark.parametrize("provider_had_charged", [True, False])
async def test_a_cancellation_of_a_charge_that_nobody_knows_the_end_of_pays_back_what_was_charged(
    shop: Shop, provider_had_charged: bool
) -> None:
    shop.dice.holds("charge")
    before = await shop.start(an_order(costing_cents=4200))
    await shop.dice.is_asked_for("charge")
    if provider_had_charged:
        await shop.provider_charges(before)
    shop.meanwhile(before.tell(a_cancellation()))
    await before.becomes(OrderStatus.CANCELLING)

    await lost(before)
    order = await taken_up(shop, before)

    assert await order.ends() is OrderStatus.CANCELLED
    money = [charged(4200), refunded(4200)]
    assert await order.payments() == (money if provider_had_charged else [])
    assert await order.provider_log() == (money if provider_had_charged else [voided(4200)])


async def test_cancelled_anew_right_after_it_was_taken_up_it_answers_what_became_of_the_money(
    shop: Shop,
) -> None:
    shop.dice.holds("charge")
    before = await shop.start(an_order(costing_cents=4200))
    await shop.dice.is_asked_for("charge")
    await shop.provider_charges(before)

    await lost(before)
    order = await taken_up(shop, before)
    effect = await order.cancel()

    assert effect is CancellationEffect.CANCELLED_AND_REFUNDED
    assert await order.ends() is OrderStatus.CANCELLED
    assert await order.payments() == [charged(4200), refunded(4200)]


async def test_lost_on_the_way_back_it_goes_on_undoing_and_undoes_nothing_twice(shop: Shop) -> None:
    shop.dice.holds("dispatch", "refund")
    before = await shop.start(an_order(costing_cents=4200))
    await shop.dice.is_asked_for("dispatch")
    await before.cancel()
    shop.dice.lets_go("dispatch")
    await shop.dice.is_asked_for("refund")

    await lost(before)
    order = await taken_up(shop, before)
    shop.dice.lets_go("refund")

    assert await order.ends() is OrderStatus.CANCELLED
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


GIVEN_UP: list[tuple[str, Deed, list[Moved]]] = [
    ("charge", PaymentActivities.settle_charge, []),
    ("charge", BookActivities.begin_failing, []),
    ("dispatch", BookActivities.begin_failing, [charged(4200), refunded(4200)]),
]


@pytest.mark.usefixtures("soon_given_up")
@pytest.mark.parametrize(("call", "deed", "payments"), GIVEN_UP)
async def test_given_up_before_it_was_lost_it_stays_given_up_though_all_is_well_again(
    shop: Shop, call: str, deed: Deed, payments: list[Moved]
) -> None:
    door = shop.doors.shut_after(deed)
    shop.dice.breaks(call)
    before = await shop.start(an_order(costing_cents=4200))
    await door.has_stopped_one()

    await lost(before)
    shop.dice.lets_go(call)
    order = await taken_up(shop, before)

    assert await order.ends() is OrderStatus.FAILED
    assert await order.payments() == payments
    assert await order.provider_log() == (payments or [voided(4200)])


async def test_a_shipping_that_was_left_behind_may_have_dispatched_and_another_goes_out(shop: Shop) -> None:
    """Temporal ends a child a moment after its parent; until then its name is taken."""
    shop.dice.holds("charge", "prepare")
    before = await shop.start(an_order())
    await shop.dice.is_asked_for("charge")
    start = ShippingStart(order_id=before.id, address=HOME, due_at=now())
    left_behind = await shop.client.start_workflow(
        ShippingWorkflow.run, start, id=before.shipping().id, task_queue="nobody-polls"
    )

    await lost(before)
    order = await taken_up(shop, before)
    shop.dice.lets_go("charge")
    await shop.dice.is_asked_for("prepare")
    with refused("ADDRESS_LOCKED"):
        await order.change_address(ELSEWHERE)
    shop.dice.lets_go("prepare")

    assert await order.ends() is OrderStatus.COMPLETED
    assert await order.story() == DONE
    await left_behind.terminate()


async def test_a_door_that_may_have_closed_stays_closed(shop: Shop) -> None:
    """The carrier may have the label already, though nobody wrote that down."""
    shop.dice.holds("dispatch")
    before = await shop.start(an_order())
    await shop.dice.is_asked_for("dispatch")

    await lost(before)
    order = await taken_up(shop, before)
    with refused("ADDRESS_LOCKED"):
        await order.change_address(ELSEWHERE)
    shop.dice.lets_go("dispatch")

    assert await order.ends() is OrderStatus.COMPLETED
