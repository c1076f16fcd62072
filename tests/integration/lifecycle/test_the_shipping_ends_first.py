"""A command that reaches an order together with the end of its shipping is decided by how that ended."""

from domain.events import ACCEPTED
from domain.stages import Stage
from domain.status import OrderStatus
from signals import AddressChange, Cancellation
from tests.shop.facts import charged, refunded
from tests.shop.orders import (
    ELSEWHERE,
    HOME,
    PlacedOrder,
    a_cancellation,
    an_address_change,
    an_order,
    by_update,
)
from tests.shop.shop import Shop
from workers.order_worker import ORDER


async def answer_when_the_shipping_has_ended(
    shop: Shop, order: PlacedOrder, command: Cancellation | AddressChange
) -> str:
    """Send the command while the order's worker is away, and let the shipping end before it is back."""
    await shop.dice.is_asked_for("prepare")
    await shop.stop_work(ORDER)
    shop.dice.lets_go("prepare")
    await order.shipping().result()
    answer = shop.meanwhile(by_update(order, command))
    await order.has_been_sent(command)
    await shop.begin_work(ORDER)
    return await answer


async def test_a_cancellation_recalls_what_the_shipping_has_dispatched(shop: Shop) -> None:
    shop.dice.holds("prepare")
    order = await shop.start(an_order(costing_cents=4200))

    assert await answer_when_the_shipping_has_ended(shop, order, a_cancellation()) == ACCEPTED

    assert await order.ends() is OrderStatus.CANCELLED
    assert await order.carrier_log() == ["dispatch", "recall"]
    assert await order.payments() == [charged(4200), refunded(4200)]


async def test_an_address_change_is_refused_once_the_shipping_has_dispatched(shop: Shop) -> None:
    shop.dice.holds("prepare")
    order = await shop.start(an_order())

    answer = await answer_when_the_shipping_has_ended(shop, order, an_address_change(ELSEWHERE))

    assert answer == "ADDRESS_LOCKED"
    assert await order.ends() is OrderStatus.COMPLETED
    assert await order.label() == await order.address() == HOME


async def test_an_address_change_is_accepted_once_the_shipping_has_given_up_before_its_dispatch(
    shop: Shop, soon_given_up: None
) -> None:
    shop.dice.breaks("prepare")
    order = await shop.start(an_order())
    await shop.dice.is_asked_for("prepare")
    await shop.stop_work(ORDER)
    await order.shipping(attempt=1).result()
    shop.dice.lets_go("prepare")

    answer = shop.meanwhile(by_update(order, command := an_address_change(ELSEWHERE)))
    await order.has_been_sent(command)
    await shop.begin_work(ORDER)

    assert await answer == ACCEPTED
    assert await order.ends() is OrderStatus.COMPLETED
    assert await order.label() == await order.address() == ELSEWHERE
    assert (await order.shipping(attempt=2).result()).progress.has_reached(Stage.CARRIER_DISPATCHED)
