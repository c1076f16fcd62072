"""Temporal's histories, fetched and replayed: the evidence that the database cannot give."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowExecution, WorkflowHistory
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner, WorkflowReplayResult

from domain.orders import tag_in
from observability.invariants.runs import RunStatus, WorkflowKind, WorkflowRun
from workflows.order_workflow import OrderWorkflow
from workflows.return_workflow import ReturnWorkflow
from workflows.shipping_workflow import ShippingWorkflow

# While one waits for a history, another has the core: more of them are hardly faster.
REPLAYERS = 4

RUNNING = 'ExecutionStatus = "Running"'
ASK_EVERY = timedelta(seconds=0.2)

OURS = [OrderWorkflow, ShippingWorkflow, ReturnWorkflow]


async def read_runs(client: Client, tag: str) -> list[WorkflowRun]:
    """Return every run of the database of that tag, each replayed on today's code."""
    replayer = Replayer(
        workflows=OURS, workflow_runner=UnsandboxedWorkflowRunner(), data_converter=client.data_converter
    )
    found = [each async for each in client.list_workflows() if _is_of(each, tag)]
    runs = await asyncio.gather(
        *(_read(client, replayer, found[number::REPLAYERS]) for number in range(REPLAYERS))
    )
    return [run for share in runs for run in share]


async def _read(client: Client, replayer: Replayer, share: list[WorkflowExecution]) -> list[WorkflowRun]:
    async with replayer.workflow_replay_iterator(_histories(client, share)) as replayed:
        # One worker replays them all, in the order they are given.
        in_turn = iter(share)
        return [await _run(client, next(in_turn), each) async for each in replayed]


async def _histories(client: Client, share: list[WorkflowExecution]) -> AsyncIterator[WorkflowHistory]:
    for each in share:
        yield await client.get_workflow_handle(each.id, run_id=each.run_id).fetch_history()


async def _run(client: Client, execution: WorkflowExecution, replayed: WorkflowReplayResult) -> WorkflowRun:
    history = replayed.history
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
