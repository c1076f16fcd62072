"""What Temporal knows of an order that is on its way, if it answers quickly enough."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypedDict, TypeVar

from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.client import Client, WorkflowExecutionDescription, WorkflowQueryFailedError
from temporalio.service import RPCError

from db.reads import OrderSnapshot
from domain.stages import Progress
from engine.link import TemporalAway, TemporalLink
from engine.payloads import UnreadablePayload, message_of
from workflows.order_workflow import OrderWorkflow
from workflows.shipping_workflow import ShippingWorkflow

T = TypeVar("T")

# Longer, and the books' own answer is worth more than the wait.
ANSWERS_WITHIN = timedelta(milliseconds=300)


class LiveAttempt(TypedDict):
    """One call, as the heartbeat of its race tells of it."""

    number: int
    age_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """An activity that is under way, or waits for its next attempt.

    `figures` are the hedge figures that its last heartbeat told, none before the first, `running` the calls
    that were under way then.
    """

    activity: str
    attempt: int
    since: datetime | None
    last_failure: str | None
    figures: dict[str, int | None] | None
    running: Sequence[LiveAttempt] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """The word of the workflow, and of its shipping child while there is one."""

    progress: Progress
    budget_left_seconds: float
    pending: Sequence[Pending]


async def ask_workflow(link: TemporalLink, order: OrderSnapshot) -> Live | None:
    """Return what the workflow says, or None where it, or its worker, does not answer in time."""
    return await _in_time(link, lambda client: _ask(client, order.workflow_id))


async def find_pending(link: TemporalLink, workflow_id: str) -> Sequence[Pending] | None:
    """Return what is pending by Temporal's own word, which needs no worker; None if it does not answer."""

    async def ask(client: Client) -> Sequence[Pending]:
        described = await client.get_workflow_handle(workflow_id).describe()
        children = [
            await client.get_workflow_handle(child.workflow_id).describe() for child in _children(described)
        ]
        return await _pending_of(client, described, *children)

    return await _in_time(link, ask)


async def _in_time(link: TemporalLink, ask: Callable[[Client], Awaitable[T]]) -> T | None:
    try:
        async with asyncio.timeout(ANSWERS_WITHIN.total_seconds()):
            return await ask(link.client())
    except (TimeoutError, TemporalAway, RPCError, WorkflowQueryFailedError, UnreadablePayload):
        return None


async def _ask(client: Client, workflow_id: str) -> Live:
    order = client.get_workflow_handle_for(OrderWorkflow.run, workflow_id)
    progress, budget_left, described = await asyncio.gather(
        order.query(OrderWorkflow.progress), order.query(OrderWorkflow.budget_left_seconds), order.describe()
    )
    descriptions = [described]
    for child in _children(described):
        shipping = client.get_workflow_handle_for(ShippingWorkflow.run, child.workflow_id)
        theirs, of_child = await asyncio.gather(
            shipping.query(ShippingWorkflow.progress), shipping.describe()
        )
        progress = progress.joined_with(theirs)
        descriptions.append(of_child)
    return Live(
        progress=progress,
        budget_left_seconds=round(budget_left, 3),
        pending=await _pending_of(client, *descriptions),
    )


def _children(described: WorkflowExecutionDescription) -> Sequence[Any]:
    return described.raw_description.pending_children


async def _pending_of(client: Client, *descriptions: WorkflowExecutionDescription) -> Sequence[Pending]:
    return [
        await _as_pending(client, info)
        for described in descriptions
        for info in described.raw_description.pending_activities
    ]


async def _as_pending(client: Client, info: PendingActivityInfo) -> Pending:
    told = await client.data_converter.decode(info.heartbeat_details.payloads)
    heartbeat: dict[str, Any] = told[0] if told else {}
    return Pending(
        activity=info.activity_type.name,
        attempt=info.attempt,
        since=_moment(info.scheduled_time),
        last_failure=await _failure_of(client, info),
        figures=heartbeat.get("figures"),
        running=heartbeat.get("live", ()),
    )


async def _failure_of(client: Client, info: PendingActivityInfo) -> str | None:
    if not info.HasField("last_failure"):
        return None
    return await message_of(client.data_converter, info.last_failure)


def _moment(stamp: Timestamp) -> datetime | None:
    return stamp.ToDatetime(tzinfo=UTC) if stamp.seconds else None
