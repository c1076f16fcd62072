"""Today's code tells the same story again from its history: a running order survives a restart."""

from datetime import UTC, datetime, timedelta

import pytest
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from activities.books import BookActivities
from domain.events import ACCEPTED
from domain.orders import return_workflow_id
from domain.status import OrderStatus
from domain.tasks import ReviewRules
from signals import Verdict
from tests.replay.recorded import keep_if_asked
from tests.shop.desk import lost, taken_up
from tests.shop.orders import (
    BY_A_PERSON,
    HOME,
    PlacedOrder,
    a_cancellation,
    a_review,
    an_address_change,
    an_order,
    by_signal,
)
from tests.shop.shop import RETURN_WINDOW, Shop
from workers.spec import WORKFLOW_RUNNER
from workflows.order_workflow import OrderWorkflow
from workflows.return_workflow import ReturnWorkflow
from workflows.shipping_workflow import ShippingWorkflow


async def replay(*histories: WorkflowHistory) -> None:
    """Raise where today's code would not do what a history says was done."""
    replayer = Replayer(
        workflows=[OrderWorkflow, ShippingWorkflow, ReturnWorkflow],
        workflow_runner=WORKFLOW_RUNNER(),
        data_converter=pydantic_data_converter,
    )
    for history in histories:
        await replayer.replay_workflow(history)
        keep_if_asked(history)


async def histories_of(order: PlacedOrder, *, shippings: int = 1) -> list[WorkflowHistory]:
    """Of the order and of its shipping children."""
    children = [order.shipping(attempt=attempt) for attempt in range(1, shippings + 1)]
    return [await order.handle.fetch_history(), *[await child.fetch_history() for child in children]]


async def test_a_completed_and_returned_order_replays(shop: Shop) -> None:
    order = await shop.start(an_order())
    assert await order.ends() is OrderStatus.COMPLETED
    await shop.take_back(order, requested_at=datetime.now(UTC), command_id="r1")
    taken_back = shop.client.get_workflow_handle(return_workflow_id(shop.tag, order.id, "r1"))

    await replay(*await histories_of(order), await taken_back.fetch_history())


async def test_an_order_that_heard_every_command_and_was_cancelled_replays(shop: Shop) -> None:
    shop.dice.holds("prepare", "dispatch")
    order = await shop.start(an_order(reviewed=BY_A_PERSON))
    await order.awaits_its_review()
    await order.approve()
    await shop.dice.is_asked_for("prepare")
    await order.change_address()
    shop.dice.lets_go("prepare")
    await shop.dice.is_asked_for("dispatch")
    await order.cancel()
    shop.dice.lets_go("dispatch")
    assert await order.ends() is OrderStatus.CANCELLED

    await replay(*await histories_of(order))


async def test_an_order_that_was_told_by_signals_replays(shop: Shop) -> None:
    shop.dice.holds("dispatch")
    order = await shop.start(an_order(reviewed=BY_A_PERSON))
    await order.awaits_its_review()
    assert await by_signal(order, an_address_change()) == ACCEPTED
    await order.approve()
    await shop.dice.is_asked_for("dispatch")
    assert await by_signal(order, an_address_change(HOME)) != ACCEPTED
    assert await by_signal(order, a_cancellation()) == ACCEPTED
    shop.dice.lets_go("dispatch")
    assert await order.ends() is OrderStatus.CANCELLED

    await replay(*await histories_of(order))


async def test_an_order_that_was_taken_up_again_replays(shop: Shop) -> None:
    shop.dice.holds("charge")
    before = await shop.start(an_order(reviewed=BY_A_PERSON))
    await before.awaits_its_review()
    await before.approve()
    await shop.dice.is_asked_for("charge")
    await lost(before)
    order = await taken_up(shop, before)
    shop.dice.lets_go("charge")
    assert await order.ends() is OrderStatus.COMPLETED

    await replay(*await histories_of(order))


async def test_an_order_that_was_turned_down_and_taken_up_again_replays(shop: Shop) -> None:
    door = shop.doors.shut_after(BookActivities.record_review)
    before = await shop.start(an_order(reviewed=BY_A_PERSON))
    await before.awaits_its_review()
    shop.meanwhile(before.tell(a_review(Verdict.REJECT)))
    await door.has_stopped_one()
    await lost(before)
    order = await taken_up(shop, before)
    assert await order.ends() is OrderStatus.REJECTED

    await replay(await order.handle.fetch_history())


@pytest.mark.usefixtures("soon_given_up")
async def test_an_order_that_failed_after_two_shippings_replays(shop: Shop) -> None:
    shop.dice.breaks("dispatch")
    order = await shop.start(an_order())
    assert await order.ends() is OrderStatus.FAILED

    await replay(*await histories_of(order, shippings=2))


async def test_an_order_that_is_still_on_its_way_replays(shop: Shop) -> None:
    shop.dice.holds("deliver")
    order = await shop.start(an_order())
    await shop.dice.is_asked_for("deliver")

    await replay(await order.handle.fetch_history())


async def test_a_story_told_otherwise_does_not_replay(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    order = await shop.start(an_order())
    assert await order.ends() is OrderStatus.COMPLETED

    async def nothing(_: OrderWorkflow) -> None: ...

    monkeypatch.setattr(OrderWorkflow, "_validate", nothing)

    with pytest.raises(NondeterminismError):
        await replay(await order.handle.fetch_history())


async def test_a_rejected_order_replays(shop: Shop) -> None:
    order = await shop.start(an_order(reviewed=BY_A_PERSON))
    await order.awaits_its_review()
    await order.reject()
    assert await order.ends() is OrderStatus.REJECTED

    await replay(await order.handle.fetch_history())


async def test_an_order_that_was_cancelled_before_its_charge_replays(shop: Shop) -> None:
    order = await shop.start(an_order(reviewed=BY_A_PERSON))
    await order.awaits_its_review()
    await order.cancel()
    assert await order.ends() is OrderStatus.CANCELLED

    await replay(await order.handle.fetch_history())


async def test_an_order_that_nobody_reviewed_in_time_replays(shop: Shop) -> None:
    at_once = ReviewRules(approve_after=None, deadline=timedelta(milliseconds=50))
    order = await shop.start(an_order(reviewed=at_once))
    assert await order.ends() is OrderStatus.EXPIRED

    await replay(await order.handle.fetch_history())


async def test_an_order_that_is_not_valid_replays(shop: Shop) -> None:
    order = await shop.start(an_order(items=()))
    assert await order.ends() is OrderStatus.REJECTED

    await replay(await order.handle.fetch_history())


async def test_a_return_that_was_refused_replays(shop: Shop) -> None:
    order = await shop.start(an_order())
    assert await order.ends() is OrderStatus.COMPLETED
    too_late = await order.shipped_at() + RETURN_WINDOW + timedelta(seconds=1)
    refused = await shop.take_back(order, requested_at=too_late, command_id="r1")
    assert refused.refusal_code == "RETURN_WINDOW_CLOSED"
    asked_for = shop.client.get_workflow_handle(return_workflow_id(shop.tag, order.id, "r1"))

    await replay(await asked_for.fetch_history())


@pytest.mark.usefixtures("soon_given_up")
async def test_an_order_whose_charge_was_in_doubt_replays(shop: Shop) -> None:
    shop.dice.breaks("charge")
    order = await shop.start(an_order())
    await shop.dice.is_asked_for("charge")
    await shop.provider_charges(order)
    assert await order.ends() is OrderStatus.COMPLETED

    await replay(await order.handle.fetch_history())
