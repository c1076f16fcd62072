"""Orders and their workflows: each that is open in the books has one that runs, and none runs without."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from api.desk import Desk
from api.returning import begin
from api.sweep import LONG_ENOUGH
from bootstrap.findings import Finding, fault, well
from db.database import Database
from db.models import Event
from db.reads import OrderSnapshot, find_open, find_order, find_orders, find_return_asked_for, find_standing
from diagnosis.books import now
from domain.orders import OrderId, return_workflow_id
from domain.status import OrderStatus
from signals import ReturnRequest

RUNNING_ORDERS = "WorkflowType = 'OrderWorkflow' AND ExecutionStatus = 'Running'"

# As order_workflow_id makes them.
ORDERS_WORKFLOW = re.compile(r"order-(?P<tag>[^-]+)-(?P<number>[0-9]+)")

# How many a finding names.
NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Orphan:
    """An order that is open in the books, and that no workflow will bring to its end."""

    order: OrderSnapshot
    why: str
    asked_back: Event | None


async def find_orphans(client: Client, db: Database, tag: str) -> list[Orphan]:
    """Return every order that was left behind; one that was only just placed is the API's own sweep's."""
    running = await _running(client)
    open_ones = await db.read(partial(find_open, placed_before=now() - LONG_ENOUGH))
    suspects = [order for order in open_ones if order.workflow_id not in running]
    found = [await _orphan(client, db, tag, order) for order in suspects]
    return [orphan for orphan in found if orphan is not None]


async def find_strays(client: Client, db: Database, tag: str) -> list[str]:
    """Return the workflows that run for an order these books do not have, their ids."""
    ours = {workflow_id: _number(workflow_id, tag) for workflow_id in await _running(client)}
    numbers = [number for number in ours.values() if number is not None]
    kept = {order.order_id for order in await db.read(partial(find_orders, order_ids=numbers))}
    suspects = [workflow_id for workflow_id, number in ours.items() if number not in kept]
    # The list that they are from is a moment behind.
    return [suspect for suspect in suspects if await _why_it_does_not_run(client, suspect) is None]


async def take_up(client: Client, desk: Desk, orphan: Orphan) -> None:
    """The order's workflow runs again, and goes on from where the books say; raises RPCError."""
    if orphan.asked_back is not None:
        await begin(client, desk.tag, _return_as_asked(desk, orphan.order.order_id, orphan.asked_back))
    else:
        standing = await desk.db.read(partial(find_standing, order_id=orphan.order.order_id))
        await desk.start(client, await desk.find(orphan.order.order_id), standing)


def told_of_orphans(orphans: list[Orphan]) -> Finding:
    if not orphans:
        return well("orders", "every open order has its workflow")
    named = _named(f"{orphan.order.order_id} ({orphan.why})" for orphan in orphans)
    what = f"{len(orphans)} open without a workflow that runs: {named}"
    return fault("orders", what, "./doctor --fix takes them up where the books say they stand")


def told_of_strays(strays: list[str], tag: str) -> Finding:
    if not strays:
        return well("workflows", "every one that runs has its order")
    what = f"{len(strays)} running for an order that the database {tag} does not have: {_named(strays)}"
    fix = "put the database back that they belong to, or: temporal workflow terminate --workflow-id <id>"
    return fault("workflows", what, fix)


async def _orphan(client: Client, db: Database, tag: str, order: OrderSnapshot) -> Orphan | None:
    """The books are read again after Temporal was asked: the order may have ended in between."""
    asked_back = None
    if order.status is OrderStatus.RETURNING:
        asked_back = await db.read(partial(find_return_asked_for, order_id=order.order_id))
    workflow_id = _workflow_of(tag, order, asked_back)
    why = await _why_it_does_not_run(client, workflow_id)
    still = await db.read(partial(find_order, order_id=order.order_id))
    if why is None or still is None or still.status is not order.status:
        return None
    return Orphan(order=order, why=why, asked_back=asked_back)


def _workflow_of(tag: str, order: OrderSnapshot, asked_back: Event | None) -> str:
    if asked_back is None:
        return order.workflow_id
    return return_workflow_id(tag, order.order_id, asked_back.command_id or "")


async def _why_it_does_not_run(client: Client, workflow_id: str) -> str | None:
    try:
        status = (await client.get_workflow_handle(workflow_id).describe()).status
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return "unknown to Temporal"
    return None if status in (None, WorkflowExecutionStatus.RUNNING) else status.name.lower()


def _return_as_asked(desk: Desk, order_id: OrderId, asked: Event) -> ReturnRequest:
    """It was decided when it claimed the order; the workflow finds that, and pays back."""
    return ReturnRequest(
        order_id=order_id,
        command_id=asked.command_id or "",
        actor=asked.actor,
        requested_at=asked.at,
        window=timedelta(seconds=desk.settings.return_window_seconds),
        reason=asked.reason,
    )


async def _running(client: Client) -> set[str]:
    return {workflow.id async for workflow in client.list_workflows(RUNNING_ORDERS)}


def _number(workflow_id: str, tag: str) -> OrderId | None:
    found = ORDERS_WORKFLOW.fullmatch(workflow_id)
    return OrderId(int(found["number"])) if found and found["tag"] == tag else None


def _named(all_of_them: Iterable[str]) -> str:
    names = list(all_of_them)
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
