"""What the server knows of a workflow, worker or no worker."""

from datetime import timedelta
from typing import Any

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.update.v1 import UpdateRef, WaitPolicy
from temporalio.api.workflowservice.v1 import PollWorkflowExecutionUpdateRequest
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

from tests.shop.waiting import eventually


async def kinds_in_history(handle: WorkflowHandle[Any, Any]) -> list[EventType.ValueType]:
    """Return the types of all events; none while the workflow has not been started."""
    try:
        history = await handle.fetch_history()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return []
    return [event.event_type for event in history.events]


async def stands_in(handle: WorkflowHandle[Any, Any], kind: EventType.ValueType, *, times: int = 1) -> None:
    """Return once the history has so many events of that type."""

    async def is_written() -> bool:
        return (await kinds_in_history(handle)).count(kind) >= times

    await eventually(is_written, wanted=f"{EventType.Name(kind)} in the history of {handle.id}")


async def deeds_in_history(handle: WorkflowHandle[Any, Any]) -> list[str]:
    """Return the activities that the workflow has asked for, in order."""
    events = (await handle.fetch_history()).events
    asked_for = (event.activity_task_scheduled_event_attributes.activity_type.name for event in events)
    return [name for name in asked_for if name]


async def is_admitted(client: Client, handle: WorkflowHandle[Any, Any], update_id: str) -> bool:
    """Whether the server has taken the Update in; it asks a worker, if there is one, only after that."""
    update = UpdateRef(workflow_execution=WorkflowExecution(workflow_id=handle.id), update_id=update_id)
    request = PollWorkflowExecutionUpdateRequest(
        namespace=client.namespace, update_ref=update, wait_policy=WaitPolicy()
    )
    try:
        await client.workflow_service.poll_workflow_execution_update(request)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return False
    return True


async def lasted(handle: WorkflowHandle[Any, Any]) -> timedelta:
    """How long the closed workflow took."""
    description = await handle.describe()
    assert description.close_time is not None
    return description.close_time - description.start_time


async def tries_of(handle: WorkflowHandle[Any, Any], activity_type: str) -> int:
    """How often a pending activity has been tried; 0 if none of that type is pending."""
    description = await handle.describe()
    pending = description.raw_description.pending_activities
    return max((each.attempt for each in pending if each.activity_type.name == activity_type), default=0)
