"""A database that took another's place counts its orders from one again; the other's workflows still run."""

from typing import Any

from temporalio.client import WorkflowHandle

from tests.shop.orders import an_order
from tests.shop.shop import Shop
from tests.shop.waiting import eventually


async def test_a_workflow_of_another_database_does_nothing_to_the_order_of_its_number(shop: Shop) -> None:
    shop.tag = "another"

    order = await shop.start(an_order(costing_cents=4200))

    assert await eventually(lambda: _why_it_fails(order.handle), wanted="a try that failed") == "OtherBooks"
    assert (await order.row()).stage is None
    assert await order.payments() == []


async def _why_it_fails(handle: WorkflowHandle[Any, Any]) -> str:
    described = (await handle.describe()).raw_description
    return "".join(
        pending.last_failure.application_failure_info.type for pending in described.pending_activities
    )
