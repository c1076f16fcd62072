"""Temporal's own page tells a person what an order is, where it stands, and nothing about who ordered it."""

from functools import partial

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.api.sdk.v1 import UserMetadata
from temporalio.client import WorkflowHandle

from config.attributes import ORDER_STATUS
from config.settings import ReviewMode
from db.books import add_order
from domain.events import CUSTOMER
from domain.orders import DEMO_ITEMS
from domain.status import OrderStatus
from domain.tasks import OrderOutcome
from signals import Cancellation, Verdict
from tests.shop.desk import a_desk_of
from tests.shop.orders import ELSEWHERE, HOME, PlacedOrder, a_review
from tests.shop.shop import Shop
from tests.shop.waiting import eventually
from workflows.order_workflow import OrderWorkflow

# An order that completes takes some 60; the server warns at 4,000.
MOST_EVENTS = 200

DETAILS = "__temporal_workflow_metadata"


async def placed(shop: Shop, *, review: ReviewMode = ReviewMode.AUTO) -> PlacedOrder:
    row = await shop.db.write(partial(add_order, tag=shop.tag, address=HOME, items=DEMO_ITEMS))
    await a_desk_of(shop, review_mode=review).start(shop.client, row)
    handle = shop.client.get_workflow_handle_for(OrderWorkflow.run, row.workflow_id)
    return shop.adopt(row.order_id, handle)


async def status_searched_by(handle: WorkflowHandle[OrderWorkflow, OrderOutcome]) -> str | None:
    return (await handle.describe()).typed_search_attributes.get(ORDER_STATUS)


async def details(order: PlacedOrder) -> str:
    """What the page shows as the current details."""
    told = await order.handle.query(DETAILS)
    return str(told.current_details)


def summary(shop: Shop, metadata: UserMetadata) -> str | None:
    if not metadata.HasField("summary"):
        return None
    (found,) = shop.client.data_converter.payload_converter.from_payloads([metadata.summary], [str])
    return str(found)


async def test_an_order_has_a_summary_and_each_of_its_steps_too(shop: Shop) -> None:
    order = await placed(shop)
    await order.ends()

    described = await order.handle.describe()
    assert await described.static_summary() == f"Order {order.id}: 42.00"
    assert "- to end within 15 s" in (await described.static_details() or "")
    child = await order.shipping().describe()
    assert await child.static_summary() == f"Order {order.id}: pack and dispatch"
    events = (await order.handle.fetch_history()).events
    scheduled = [
        event for event in events if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
    ]
    assert {(summary(shop, event.user_metadata) or "").partition(":")[0] for event in scheduled} == {
        f"Order {order.id}"
    }
    assert len(events) < MOST_EVENTS


async def test_an_order_is_found_by_its_status_and_tells_what_it_waits_for(shop: Shop) -> None:
    order = await placed(shop, review=ReviewMode.MANUAL)
    await order.awaits_its_review()

    assert await status_searched_by(order.handle) == OrderStatus.IN_PROGRESS
    assert "Stage 3 of 8, `order_reviewed`: waiting for a reviewer." in await details(order)
    found = shop.client.list_workflows(f"OrderStatus = 'in_progress' AND WorkflowId = '{order.handle.id}'")

    async def is_found() -> bool:
        return [workflow.id async for workflow in found] == [order.handle.id]

    await eventually(is_found, wanted="the order by its status")


@pytest.mark.parametrize("verdict", Verdict)
async def test_the_end_is_told_and_found(shop: Shop, verdict: Verdict) -> None:
    order = await placed(shop, review=ReviewMode.MANUAL)
    await order.awaits_its_review()
    await order.tell(a_review(verdict))

    status = await order.ends()

    assert await status_searched_by(order.handle) == status
    assert await details(order) == f"Ended: **{status}**."


async def test_a_cancelled_order_is_found_as_such_on_its_way_back(shop: Shop) -> None:
    shop.dice.holds("dispatch", "refund")
    order = await placed(shop)
    await shop.dice.is_asked_for("dispatch")
    await order.cancel()
    shop.dice.lets_go("dispatch")
    await shop.dice.is_asked_for("refund")

    assert await status_searched_by(order.handle) == OrderStatus.CANCELLING
    assert "Undoing what was done" in await details(order)
    shop.dice.lets_go("refund")
    await order.ends()
    assert await status_searched_by(order.handle) == OrderStatus.CANCELLED


async def test_nothing_that_is_shown_is_about_a_person(shop: Shop) -> None:
    order = await placed(shop, review=ReviewMode.MANUAL)
    await order.awaits_its_review()
    await order.change_address(ELSEWHERE)
    await order.tell(Cancellation(command_id="c", actor=CUSTOMER, reason="my own business"))
    await order.ends()

    described = await order.handle.describe()
    events = (await order.handle.fetch_history()).events
    shown = [await described.static_summary(), await described.static_details(), await details(order)]
    shown += [summary(shop, event.user_metadata) for event in events]
    attributes = [str(event.upsert_workflow_search_attributes_event_attributes) for event in events]
    for private in (HOME.line1, HOME.city, ELSEWHERE.line1, ELSEWHERE.city, "my own business"):
        assert not [text for text in [*shown, *attributes] if text and private in text]
