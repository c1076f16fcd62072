"""What an order's workflow says of itself, if it answers quickly enough."""

import asyncio
from datetime import timedelta

from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.client import Client, WorkflowQueryFailedError
from temporalio.service import RPCError

from api.answers import LiveStage
from db.reads import OrderSnapshot
from domain.stages import Progress
from engine.link import TemporalAway, TemporalLink
from workflows.order_workflow import OrderWorkflow
from workflows.shipping_workflow import ShippingWorkflow

# Longer, and the books' own answer is worth more than the wait.
ANSWERS_WITHIN = timedelta(milliseconds=300)


async def live_stage(link: TemporalLink, order: OrderSnapshot) -> LiveStage | None:
    """Return the workflow's own answer, or None where it does not answer in time."""
    try:
        async with asyncio.timeout(ANSWERS_WITHIN.total_seconds()):
            return await _ask(link.client(), order.workflow_id)
    except (TimeoutError, TemporalAway, RPCError, WorkflowQueryFailedError):
        return None


async def _ask(client: Client, workflow_id: str) -> LiveStage:
    order = client.get_workflow_handle_for(OrderWorkflow.run, workflow_id)
    progress, budget_left, described = await asyncio.gather(
        order.query(OrderWorkflow.progress), order.query(OrderWorkflow.budget_left_seconds), order.describe()
    )
    pending = list(described.raw_description.pending_activities)
    for child in described.raw_description.pending_children:
        shipping = client.get_workflow_handle_for(ShippingWorkflow.run, child.workflow_id)
        theirs, of_child = await asyncio.gather(
            shipping.query(ShippingWorkflow.progress), shipping.describe()
        )
        progress = progress.joined_with(theirs)
        pending += of_child.raw_description.pending_activities
    return _answer(progress, pending, budget_left)


def _answer(progress: Progress, pending: list[PendingActivityInfo], budget_left: float) -> LiveStage:
    return LiveStage(
        stage=progress.begun.value if progress.begun else None,
        attempts=max((activity.attempt for activity in pending), default=0),
        recent_errors=[a.last_failure.message for a in pending if a.last_failure.message],
        budget_left_seconds=round(budget_left, 3),
    )
