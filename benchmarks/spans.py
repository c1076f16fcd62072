"""Where the time of orders went, by the histories that Temporal keeps of them."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client


class Span(StrEnum):
    """What an order waits for, the way to a worker and back included."""

    ACTIVITY = "activities"
    WORKFLOW_TASK = "workflow tasks"
    WAITING = "tasks that wait for a worker"
    SERVER = "the server in between"


MICROSECOND = timedelta(microseconds=1)

# Nothing of an order but its child runs beside anything else: a moment belongs to the event that ends it.
ENDED_BY = {
    EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED: Span.ACTIVITY,
    EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED: Span.WORKFLOW_TASK,
    EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED: Span.WAITING,
    EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED: Span.WAITING,
}


async def mean_spans(client: Client, since: datetime) -> Mapping[str, float]:
    """Return the seconds of an order by what they were spent on, over all begun and completed since."""
    begun_since = (
        f"StartTime >= '{since.isoformat()}' AND ExecutionStatus = 'Completed' AND ParentWorkflowId IS NULL"
    )
    spent, orders = Counter[Span](), 0
    async for order in client.list_workflows(begun_since):
        spent += await _spans(client, order.id)
        orders += 1
    return {span: microseconds * 1e-6 / orders for span, microseconds in spent.items()}


async def _spans(client: Client, workflow_id: str) -> Counter[Span]:
    """In microseconds. While it waits for a child, the child's history tells; the rest is the server's."""
    spent, before, with_a_child = Counter[Span](), None, None
    async for event in client.get_workflow_handle(workflow_id).fetch_history_events():
        at = event.event_time.ToDatetime()
        gap = (at - before) // MICROSECOND if before else 0
        before = at
        if with_a_child is None:
            spent[ENDED_BY.get(event.event_type, Span.SERVER)] += gap
        else:
            with_a_child += gap
        if event.event_type == EventType.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED:
            with_a_child = 0
        elif event.event_type == EventType.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_COMPLETED:
            child = event.child_workflow_execution_completed_event_attributes.workflow_execution
            in_the_child = await _spans(client, child.workflow_id)
            spent += in_the_child
            spent[Span.SERVER] += (with_a_child or 0) - in_the_child.total()
            with_a_child = None
    return spent
