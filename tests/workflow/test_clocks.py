"""Hours pass here in a moment: the review's clocks, the budget, the return window."""

from datetime import timedelta

import pytest

from domain.status import OrderStatus
from domain.tasks import ReviewRules
from tests.shop.facts import ended
from tests.shop.orders import A_DAY, BY_A_PERSON, an_order
from tests.shop.shop import RETURN_WINDOW
from tests.workflow.conftest import PatientShop

A_SECOND = timedelta(seconds=1)
AN_HOUR = timedelta(hours=1)
BUDGET = timedelta(seconds=15)

# What the stages themselves take, far below the hours they are compared with.
A_MINUTE = timedelta(minutes=1)


async def test_the_simulated_reviewer_takes_its_time(patient: PatientShop) -> None:
    rules = ReviewRules(approve_after=AN_HOUR, deadline=A_DAY)

    order = await patient.shop.start(an_order(reviewed=rules))

    assert await order.ends() is OrderStatus.COMPLETED
    assert AN_HOUR <= await order.lasted() < AN_HOUR + A_MINUTE


async def test_an_order_expires_when_its_deadline_passes_and_not_before(patient: PatientShop) -> None:
    order = await patient.shop.start(an_order(reviewed=BY_A_PERSON))

    assert await order.ends() is OrderStatus.EXPIRED
    assert A_DAY <= await order.lasted() < A_DAY + A_MINUTE
    assert (await order.story())[-1] == ended(OrderStatus.EXPIRED)


async def test_the_time_a_person_takes_is_not_the_order_s(patient: PatientShop) -> None:
    order = await patient.shop.start(an_order(reviewed=BY_A_PERSON, budget=BUDGET))
    await order.awaits_its_review()

    await patient.server.sleep(5 * AN_HOUR)
    await order.approve()

    assert not (await order.outcome()).sla_breached
    assert await order.ends() is OrderStatus.COMPLETED
    assert await order.lasted() > 5 * AN_HOUR


async def test_an_expired_order_is_not_late_either(patient: PatientShop) -> None:
    order = await patient.shop.start(an_order(reviewed=BY_A_PERSON, budget=BUDGET))

    assert not (await order.outcome()).sla_breached


async def test_the_time_the_simulated_reviewer_takes_is_the_order_s(patient: PatientShop) -> None:
    rules = ReviewRules(approve_after=BUDGET + A_SECOND, deadline=A_DAY)

    order = await patient.shop.start(an_order(reviewed=rules, budget=BUDGET))

    assert (await order.outcome()).sla_breached
    assert await order.ends() is OrderStatus.COMPLETED


@pytest.mark.parametrize(
    ("later", "refusal"),
    [(RETURN_WINDOW - A_SECOND, None), (RETURN_WINDOW + A_SECOND, "RETURN_WINDOW_CLOSED")],
    ids=["inside", "past"],
)
async def test_the_return_window_is_measured_in_the_time_the_order_was_shipped_in(
    patient: PatientShop, later: timedelta, refusal: str | None
) -> None:
    await patient.server.sleep(AN_HOUR)
    order = await patient.shop.start(an_order())
    await order.becomes(OrderStatus.COMPLETED)
    shipped_at = await order.shipped_at()

    await patient.server.sleep(shipped_at + later - await patient.server.get_current_time())
    outcome = await patient.shop.take_back(order, requested_at=await patient.server.get_current_time())

    assert outcome.refusal_code == refusal
