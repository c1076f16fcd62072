"""A review counts while the order waits for one, and only once."""

from datetime import timedelta

import pytest

from activities.books import BookActivities
from domain.events import SIMULATED_REVIEWER, EventType
from domain.refusals import Refusal
from domain.stages import Stage
from domain.status import OrderStatus
from domain.tasks import ReviewRules
from signals import Verdict
from tests.shop.facts import ended, stages
from tests.shop.histories import deeds_in_history
from tests.shop.orders import A_DAY, BY_A_PERSON, REVIEWED_TOMORROW, PlacedOrder, a_review, an_order, refused
from tests.shop.shop import Shop
from workers.order_worker import ORDER

AT_ONCE = timedelta(milliseconds=1)
SOON = timedelta(milliseconds=500)


async def reviewer_of(order: PlacedOrder) -> str:
    """Who stands behind stage 3 in the books."""
    return next(
        e.actor
        for e in await order.events()
        if e.stage == Stage.ORDER_REVIEWED.value and e.type == EventType.STAGE_REACHED
    )


async def test_an_order_that_a_person_approves_goes_on(shop: Shop) -> None:
    order = await shop.start(an_order(reviewed=BY_A_PERSON))
    await order.awaits_its_review()

    await order.tell(a_review(Verdict.APPROVE, reviewer="Ada"))

    assert await order.ends() is OrderStatus.COMPLETED
    assert await reviewer_of(order) == "Ada"
    assert "review: approve" in await order.story()


async def test_an_order_that_a_person_rejects_ends_with_the_reason_and_no_money_moves(shop: Shop) -> None:
    order = await shop.start(an_order(reviewed=BY_A_PERSON))
    await order.awaits_its_review()

    await order.tell(a_review(Verdict.REJECT, reviewer="Ada", reason="a known fraud"))

    assert await order.ends() is OrderStatus.REJECTED
    assert await order.story() == [
        *stages(until=Stage.ORDER_VALIDATED), "review: reject", ended(OrderStatus.REJECTED),
    ]  # fmt: skip
    assert [event.reason for event in await order.events()][-2:] == ["a known fraud"] * 2
    assert await order.provider_log() == []


async def test_the_simulated_reviewer_approves_what_nobody_reviews(shop: Shop) -> None:
    order = await shop.start(an_order(reviewed=ReviewRules(approve_after=AT_ONCE, deadline=A_DAY)))

    assert await order.ends() is OrderStatus.COMPLETED

    assert await reviewer_of(order) == SIMULATED_REVIEWER


async def test_a_person_may_decide_before_the_simulated_reviewer(shop: Shop) -> None:
    order = await shop.start(an_order(reviewed=REVIEWED_TOMORROW))
    await order.awaits_its_review()

    await order.reject()

    assert await order.ends() is OrderStatus.REJECTED


async def test_an_order_that_nobody_reviews_in_time_expires(shop: Shop) -> None:
    order = await shop.start(an_order(reviewed=ReviewRules(approve_after=None, deadline=AT_ONCE)))

    assert await order.ends() is OrderStatus.EXPIRED

    assert await order.story() == [*stages(until=Stage.ORDER_VALIDATED), ended(OrderStatus.EXPIRED)]
    assert await order.provider_log() == []


@pytest.mark.parametrize(
    ("rules", "verdict", "status"),
    [
        (ReviewRules(approve_after=SOON, deadline=A_DAY), Verdict.REJECT, OrderStatus.REJECTED),
        (ReviewRules(approve_after=None, deadline=SOON), Verdict.APPROVE, OrderStatus.COMPLETED),
    ],
    ids=["before the simulated reviewer", "before it expires"],
)
async def test_a_decision_that_comes_together_with_the_clock_wins(
    shop: Shop, rules: ReviewRules, verdict: Verdict, status: OrderStatus
) -> None:
    order = await shop.start(an_order(reviewed=rules))
    await order.awaits_its_review()
    await shop.stop_work(ORDER)
    review = a_review(verdict)
    answer = shop.meanwhile(order.tell(review))
    await order.has_been_sent(review)
    await order.has_run_out_of_review()

    await shop.begin_work(ORDER)

    await answer
    assert await order.ends() is status


async def test_a_review_that_comes_too_early_is_refused_and_not_remembered(shop: Shop) -> None:
    shop.dice.holds("validate")
    order = await shop.start(an_order(reviewed=BY_A_PERSON))
    await shop.dice.is_asked_for("validate")

    with refused("NOT_AWAITING_REVIEW"):
        await order.reject()
    shop.dice.lets_go("validate")
    await order.awaits_its_review()
    await order.approve()

    assert await order.ends() is OrderStatus.COMPLETED


@pytest.mark.parametrize("call", ["charge", "prepare", "deliver"])
async def test_an_order_is_reviewed_once(shop: Shop, call: str) -> None:
    shop.dice.holds(call)
    order = await shop.start(an_order())
    await shop.dice.is_asked_for(call)

    with refused("ALREADY_REVIEWED"):
        await order.reject()
    shop.dice.lets_go(call)

    assert await order.ends() is OrderStatus.COMPLETED


async def test_of_two_reviews_at_once_the_first_counts(shop: Shop) -> None:
    writing = shop.doors.shut_before(BookActivities.record_review)
    order = await shop.start(an_order(reviewed=BY_A_PERSON))
    await order.awaits_its_review()
    approving = shop.meanwhile(order.approve())
    await writing.has_stopped_one()

    with pytest.raises(Refusal) as late:
        await order.reject()
    writing.open()

    assert late.value.code == "ALREADY_REVIEWED"
    await approving
    assert await order.ends() is OrderStatus.COMPLETED


async def test_a_rejected_order_ends_only_once_the_rejection_is_written_down(shop: Shop) -> None:
    writing = shop.doors.shut_before(BookActivities.record_review)
    order = await shop.start(an_order(reviewed=BY_A_PERSON))
    await order.awaits_its_review()
    rejecting = shop.meanwhile(order.reject())
    await writing.has_stopped_one()

    asked_for = await deeds_in_history(order.handle)
    writing.open()

    assert asked_for[-1] == BookActivities.record_review.__name__
    await rejecting
    assert await order.ends() is OrderStatus.REJECTED
    assert (await order.story())[-2:] == ["review: reject", ended(OrderStatus.REJECTED)]


async def test_an_order_that_is_being_cancelled_is_not_reviewed(shop: Shop) -> None:
    shop.dice.holds("charge")
    order = await shop.start(an_order())
    await shop.dice.is_asked_for("charge")
    cancelling = shop.meanwhile(order.cancel())
    await order.becomes(OrderStatus.CANCELLING)

    with refused("ALREADY_CANCELLING"):
        await order.approve()
    shop.dice.lets_go("charge")

    await cancelling
    assert await order.ends() is OrderStatus.CANCELLED


async def test_an_order_cancelled_while_its_approval_is_written_down_has_been_reviewed(shop: Shop) -> None:
    writing = shop.doors.shut_before(BookActivities.record_review)
    order = await shop.start(an_order(reviewed=BY_A_PERSON))
    await order.awaits_its_review()
    approving = shop.meanwhile(order.approve())
    await writing.has_stopped_one()
    cancelling = shop.meanwhile(order.cancel())
    await order.becomes(OrderStatus.CANCELLING)

    writing.open()

    await approving
    await cancelling
    assert await order.ends() is OrderStatus.CANCELLED
    assert (await order.row()).stage == Stage.ORDER_REVIEWED.value
