"""What cannot be done is given up after a while; what was done is then undone, however long that takes."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType

from activities.books import BookActivities
from activities.payment import PaymentActivities
from activities.shipping import ShippingActivities
from db.database import Database
from domain.events import ACCEPTED
from domain.orders import OrderId
from domain.refusals import OrderInvalid
from domain.stages import Stage
from domain.status import OrderStatus
from function_stubs import carrier, payment_provider
from hedge_state import run_with_hedges
from signals import AddressChange, Cancellation
from tests.shop.facts import charged, ended, refunded, stages, undone, voided
from tests.shop.histories import deeds_in_history, stands_in
from tests.shop.orders import Way, a_cancellation, an_address_change, an_order
from tests.shop.shop import Shop
from workers.shipping_worker import SHIPPING

PAID_BACK = [undone(Stage.PAYMENT_CHARGED), ended(OrderStatus.FAILED)]
UNPACKED_AND_PAID_BACK = [undone(Stage.PACKAGE_PREPARED), *PAID_BACK]
RECALLED_UNPACKED_AND_PAID_BACK = [undone(Stage.CARRIER_DISPATCHED), *UNPACKED_AND_PAID_BACK]

UNDOING: dict[str, Callable[..., Any]] = {
    "recall": ShippingActivities.recall_carrier,
    "unpack": ShippingActivities.unpack_package,
    "refund": PaymentActivities.refund_payment,
}
# A stage would have been given up after the third.
TRIES_BEYOND_PATIENCE = 5


async def test_an_order_without_items_is_rejected_by_validation(shop: Shop) -> None:
    order = await shop.start(an_order(items=()))

    assert await order.ends() is OrderStatus.REJECTED

    assert await order.story() == [Stage.ORDER_RECEIVED.value, ended(OrderStatus.REJECTED)]
    assert (await order.events())[-1].reason == OrderInvalid.code
    assert shop.dice.calls["validate"] == 1


@pytest.mark.usefixtures("soon_given_up")
@pytest.mark.parametrize(
    ("call", "reached"),
    [("receive", None), ("validate", Stage.ORDER_RECEIVED), ("charge", Stage.ORDER_REVIEWED)],
)
async def test_a_stage_before_the_charge_that_fails_for_good_costs_nothing(
    shop: Shop, call: str, reached: Stage | None
) -> None:
    shop.dice.breaks(call)

    order = await shop.start(an_order())

    assert await order.ends() is OrderStatus.FAILED
    assert await order.story() == [*(stages(until=reached) if reached else []), ended(OrderStatus.FAILED)]
    assert await order.payments() == []


@pytest.mark.usefixtures("soon_given_up")
async def test_a_stage_that_fails_at_once_each_time_is_given_up_too(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unhedged, a race is over with its one call: only the pauses between take time."""
    monkeypatch.setitem(run_with_hedges.__kwdefaults__ or {}, "hedges", 1)
    shop.dice.breaks("charge")

    order = await shop.start(an_order())

    assert await order.ends() is OrderStatus.FAILED


@pytest.mark.usefixtures("soon_given_up")
async def test_a_charge_that_hangs_for_good_is_voided_at_the_provider(shop: Shop) -> None:
    shop.dice.holds("charge")

    order = await shop.start(an_order(costing_cents=4200))

    assert await order.ends() is OrderStatus.FAILED
    assert await order.provider_log() == [voided(4200)]


@pytest.mark.usefixtures("soon_given_up")
async def test_a_charge_that_was_given_up_but_took_place_lets_the_order_go_on(shop: Shop) -> None:
    shop.dice.breaks("charge")
    order = await shop.start(an_order(costing_cents=4200))
    await shop.dice.is_asked_for("charge")

    await shop.provider_charges(order)

    assert await order.ends() is OrderStatus.COMPLETED
    assert await order.story() == [*stages(until=Stage.ORDER_DELIVERED), ended(OrderStatus.COMPLETED)]
    assert shop.dice.calls["settle"] == 1


@pytest.mark.usefixtures("soon_given_up")
async def test_a_dispatch_that_fails_for_good_is_tried_by_one_more_child_and_then_undone(shop: Shop) -> None:
    shop.dice.breaks("dispatch")

    order = await shop.start(an_order(costing_cents=4200))

    assert await order.ends() is OrderStatus.FAILED
    children = [await order.shipping(attempt=attempt).result() for attempt in (1, 2)]
    assert [child.progress.reached for child in children] == [Stage.PACKAGE_PREPARED] * 2
    assert not await order.has_shipping(attempt=3)
    assert await order.story() == [
        *stages(until=Stage.PACKAGE_PREPARED), *RECALLED_UNPACKED_AND_PAID_BACK,
    ]  # fmt: skip
    assert await order.carrier_log() == ["void"]
    assert await order.payments() == [charged(4200), refunded(4200)]


async def test_a_charge_that_ends_in_something_nobody_understands_is_settled(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def charges_and_is_not_understood(_: object, db: Database, order_id: OrderId, cents: int) -> None:
        await db.write(partial(payment_provider.charge, order_id=order_id, amount_cents=cents))
        raise OrderInvalid("what was that?")

    monkeypatch.setattr("function_stubs.payment.charge", charges_and_is_not_understood)

    order = await shop.start(an_order(costing_cents=4200))

    assert await order.ends() is OrderStatus.COMPLETED
    assert await order.payments() == [charged(4200)]


async def test_a_package_that_the_carrier_will_never_take_is_undone(shop: Shop) -> None:
    shop.dice.holds("prepare")
    order = await shop.start(an_order(costing_cents=4200))
    await shop.dice.is_asked_for("prepare")
    await shop.db.write(partial(carrier.recall, order_id=order.id))
    shop.dice.lets_go("prepare")

    assert await order.ends() is OrderStatus.FAILED
    assert await order.carrier_log() == ["void"]
    assert await order.payments() == [charged(4200), refunded(4200)]


@pytest.mark.usefixtures("soon_given_up")
async def test_a_second_child_may_dispatch_what_the_first_could_not(shop: Shop) -> None:
    shop.dice.breaks("dispatch")
    order = await shop.start(an_order())
    await shop.dice.is_asked_for("dispatch")

    await order.shipping(attempt=1).result()
    shop.dice.lets_go("dispatch")

    assert await order.ends() is OrderStatus.COMPLETED
    assert await order.story() == [*stages(until=Stage.ORDER_DELIVERED), ended(OrderStatus.COMPLETED)]
    assert await order.carrier_log() == ["dispatch"]


@pytest.mark.usefixtures("soon_given_up")
@pytest.mark.parametrize(
    ("call", "reached"), [("ship", Stage.CARRIER_DISPATCHED), ("deliver", Stage.ORDER_SHIPPED)]
)
async def test_a_stage_after_the_dispatch_that_fails_for_good_brings_the_package_back(
    shop: Shop, call: str, reached: Stage
) -> None:
    shop.dice.breaks(call)

    order = await shop.start(an_order(costing_cents=4200))

    assert await order.ends() is OrderStatus.FAILED
    assert await order.story() == [*stages(until=reached), *RECALLED_UNPACKED_AND_PAID_BACK]
    assert "given up after" in ((await order.events())[-1].reason or "")
    assert await order.carrier_log() == ["dispatch", "recall"]
    assert await order.payments() == [charged(4200), refunded(4200)]


@pytest.mark.usefixtures("soon_given_up")
@pytest.mark.slow
async def test_undoing_is_never_given_up(shop: Shop) -> None:
    shop.dice.breaks("ship", "recall", "unpack", "refund")
    order = await shop.start(an_order(costing_cents=4200))

    for call, deed in UNDOING.items():
        await order.has_tried(deed, times=TRIES_BEYOND_PATIENCE)
        assert (await order.row()).status == OrderStatus.FAILING
        shop.dice.lets_go(call)

    assert await order.ends() is OrderStatus.FAILED
    assert (await order.story())[-4:] == RECALLED_UNPACKED_AND_PAID_BACK


@pytest.mark.usefixtures("soon_given_up")
@pytest.mark.parametrize("command", [a_cancellation, an_address_change])
async def test_an_order_that_is_being_undone_hears_no_more_commands(
    shop: Shop, told: Way, command: Callable[[], Cancellation | AddressChange]
) -> None:
    shop.dice.breaks("prepare", "refund")
    order = await shop.start(an_order())
    await shop.dice.is_asked_for("refund")

    assert await told(order, command()) == "ALREADY_FAILING"
    shop.dice.lets_go("refund")

    assert await order.ends() is OrderStatus.FAILED


@pytest.mark.usefixtures("soon_given_up")
async def test_nothing_is_undone_while_a_change_is_being_written_down(shop: Shop) -> None:
    shop.dice.breaks("charge")
    writing = shop.doors.shut_before(BookActivities.record_address_change)
    order = await shop.start(an_order())
    await shop.dice.is_asked_for("charge")
    changing = shop.meanwhile(order.change_address())
    await writing.has_stopped_one()

    # Received, validated, settled: the workflow has heard that the charge did not take place.
    await stands_in(order.handle, EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED, times=3)
    await order.progress()

    assert BookActivities.begin_failing.__name__ not in await deeds_in_history(order.handle)
    writing.open()
    await changing
    assert await order.ends() is OrderStatus.FAILED
    assert (await order.story())[-2:] == [f"change_address: {ACCEPTED}", ended(OrderStatus.FAILED)]


async def test_a_shipping_that_a_stranger_ended_is_followed_by_another(shop: Shop) -> None:
    await shop.stop_work(SHIPPING)
    order = await shop.start(an_order())
    await order.has_begun_shipping()

    await order.shipping().terminate("by a stranger")
    await shop.begin_work(SHIPPING)

    assert await order.ends() is OrderStatus.COMPLETED
    assert await order.story() == [*stages(until=Stage.ORDER_DELIVERED), ended(OrderStatus.COMPLETED)]


@pytest.mark.usefixtures("soon_given_up")
async def test_an_order_whose_shippings_a_stranger_ended_is_recalled_in_case_it_was_dispatched(
    shop: Shop,
) -> None:
    await shop.stop_work(SHIPPING)
    order = await shop.start(an_order(costing_cents=4200))

    for attempt in (1, 2):
        await order.has_begun_shipping(attempt=attempt)
        await order.shipping(attempt=attempt).terminate("by a stranger")
    await shop.begin_work(SHIPPING)

    assert await order.ends() is OrderStatus.FAILED
    assert await order.story() == [*stages(until=Stage.PAYMENT_CHARGED), *RECALLED_UNPACKED_AND_PAID_BACK]
    assert await order.carrier_log() == ["void"]
