"""An order goes through its eight stages, whatever the weather."""

from domain.stages import Stage
from domain.status import OrderStatus
from tests.shop.dice import FAIL, HANG
from tests.shop.facts import charged, ended, stages
from tests.shop.orders import an_order
from tests.shop.shop import Shop

EVERY_CALL_OF_THE_WAY = ("receive", "validate", "charge", "prepare", "dispatch", "ship", "deliver")
CALLS_THAT_WRITE = ("charge", "dispatch")


async def test_an_order_reaches_its_eight_stages_in_order_and_completes(shop: Shop) -> None:
    order = await shop.start(an_order(costing_cents=4200))

    assert await order.ends() is OrderStatus.COMPLETED

    assert await order.story() == [*stages(until=Stage.ORDER_DELIVERED), ended(OrderStatus.COMPLETED)]
    assert await order.payments() == [charged(4200)]


async def test_calls_that_fail_and_hang_delay_an_order_and_change_nothing_else(shop: Shop) -> None:
    for call in EVERY_CALL_OF_THE_WAY:
        shop.dice.falls(call, FAIL, HANG, FAIL, HANG)

    order = await shop.start(an_order(costing_cents=990))

    assert await order.ends() is OrderStatus.COMPLETED
    for call in EVERY_CALL_OF_THE_WAY:
        # A machine that is busy may launch one more while the fifth is still writing.
        at_most = 6 if call in CALLS_THAT_WRITE else 5
        assert 5 <= shop.dice.calls[call] <= at_most, call
    assert await order.story() == [*stages(until=Stage.ORDER_DELIVERED), ended(OrderStatus.COMPLETED)]
    assert await order.provider_log() == await order.payments() == [charged(990)]
    assert await order.carrier_log() == ["dispatch"]
