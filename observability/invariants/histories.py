"""Temporal's histories, fetched and replayed: the evidence that the database cannot give."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowExecution, WorkflowHistory
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner

from domain.orders import tag_in
from observability.invariants.runs import RunStatus, WorkflowKind, WorkflowRun
from workflows.order_workflow import OrderWorkflow
from workflows.return_workflow import ReturnWorkflow
from workflows.shipping_workflow import ShippingWorkflow

# A development server answers a few at a time as fast as many.
FETCHED_AT_ONCE = 8

RUNNING = 'ExecutionStatus = "Running"'
ASK_EVERY = timedelta(seconds=0.2)

OURS = [OrderWorkflow, ShippingWorkflow, ReturnWorkflow]


async def read_runs(client: Client, tag: str) -> list[WorkflowRun]:
    """Return every run of the database of that tag, each replayed on today's code."""
    replayer = Replayer(
        workflows=OURS, workflow_runner=UnsandboxedWorkflowRunner(), data_converter=client.data_converter
    )
    places = asyncio.Semaphore(FETCHED_AT_ONCE)

    async def read(execution: WorkflowExecution) -> WorkflowRun:
        async with places:
            return await _read(client, replayer, execution)

    found = [each async for each in client.list_workflows() if _is_of(each, tag)]
    return list(await asyncio.gather(*(read(each) for each in found)))


async def _read(client: Client, replayer: Replayer, execution: WorkflowExecution) -> WorkflowRun:
    handle = client.get_workflow_handle(execution.id, run_id=execution.run_id)
    history = await handle.fetch_history()
    replayed = await replayer.replay_workflow(history, raise_on_replay_failure=False)
    status = RunStatus(execution.status.name) if execution.status else RunStatus.RUNNING
    return WorkflowRun(
        workflow_id=execution.id,
        order_id=_order_id(execution.id),
        kind=WorkflowKind(execution.workflow_type),
        status=status,
        history_events=len(history.events),
        unanswered_updates=_unanswered_updates(history),
        outcome=await _outcome(client, history),
        replay_failure=str(replayed.replay_failure) if replayed.replay_failure else None,
    )


def _is_of(execution: WorkflowExecution, tag: str) -> bool:
    return tag_in(execution.id) == tag


def _order_id(workflow_id: str) -> int:
    return int(workflow_id.split("-")[2])


def _unanswered_updates(history: WorkflowHistory) -> int:
    kinds = [event.event_type for event in history.events]
    accepted = kinds.count(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED)
    return accepted - kinds.count(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED)


async def _outcome(client: Client, history: WorkflowHistory) -> dict[str, Any] | None:
    last = history.events[-1]
    if last.event_type != EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
        return None
    payloads = last.workflow_execution_completed_event_attributes.result.payloads
    (returned,) = await client.data_converter.decode(payloads)
    found: dict[str, Any] = returned
    return found


async def at_rest(client: Client, tag: str, within: timedelta) -> None:
    """Return once no workflow of that database runs any more, or when it has had its time.

    An order is told to have ended a moment before its workflow closes.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(within.total_seconds()):
            while await _is_any_running(client, tag):  # noqa: ASYNC110 - nothing announces it
                await asyncio.sleep(ASK_EVERY.total_seconds())


async def _is_any_running(client: Client, tag: str) -> bool:
    return any([_is_of(each, tag) async for each in client.list_workflows(RUNNING)])
