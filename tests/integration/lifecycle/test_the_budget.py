"""An order that takes longer than its budget is marked, and goes on."""

from datetime import timedelta

from domain.stages import Stage
from domain.status import OrderStatus
from signals import Verdict
from tests.shop.facts import ended, stages
from tests.shop.orders import BY_A_PERSON, a_review, an_order
from tests.shop.shop import Shop

SPENT_AT_ONCE = timedelta(milliseconds=1)


async def test_a_late_order_is_marked_and_completes(shop: Shop) -> None:
    order = await shop.start(an_order(budget=SPENT_AT_ONCE))

    assert await order.ends() is OrderStatus.COMPLETED

    assert (await order.row()).sla_breached
    assert (await order.outcome()).sla_breached
    assert await order.story() == [*stages(until=Stage.ORDER_DELIVERED), ended(OrderStatus.COMPLETED)]


async def test_an_order_within_its_budget_is_not_marked(shop: Shop) -> None:
    order = await shop.start(an_order(budget=timedelta(minutes=1)))

    assert await order.ends() is OrderStatus.COMPLETED

    assert not (await order.row()).sla_breached
    assert not (await order.outcome()).sla_breached


async def test_the_time_a_person_takes_makes_no_order_late(shop: Shop) -> None:
    order = await shop.start(an_order(reviewed=BY_A_PERSON, budget=timedelta(minutes=1)))
    await order.awaits_its_review()

    await order.tell(a_review(Verdict.APPROVE))

    assert await order.ends() is OrderStatus.COMPLETED
    assert not (await order.row()).sla_breached


async def test_an_order_that_is_late_when_it_is_cancelled_is_marked_as_well(shop: Shop) -> None:
    order = await shop.start(an_order(reviewed=BY_A_PERSON, budget=timedelta()))
    await order.awaits_its_review()

    await order.cancel()

    assert await order.ends() is OrderStatus.CANCELLED
    assert (await order.row()).sla_breached
