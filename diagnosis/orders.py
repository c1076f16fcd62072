"""Orders and their workflows: each that is open has one that runs, none runs without, and both agree."""

import asyncio
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from temporalio.client import Client, WorkflowExecutionDescription, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from api.desk import Desk
from api.returning import begin
from api.sweep import LONG_ENOUGH
from bootstrap.findings import Finding, fault, well
from config.attributes import ORDER_STATUS
from db.books import LateWrite, now
from db.database import Database
from db.models import Event
from db.reads import OrderSnapshot, find_open, find_order, find_orders, find_return_asked_for, find_standing
from domain.orders import OrderId, return_workflow_id
from domain.status import ON_THE_WAY_TO, UNDONE, OrderStatus
from engine.payloads import as_reported
from signals import ReturnRequest

RUNNING_ORDERS = "WorkflowType = 'OrderWorkflow' AND ExecutionStatus = 'Running'"

# As order_workflow_id makes them.
ORDERS_WORKFLOW = re.compile(r"order-(?P<tag>[^-]+)-(?P<number>[0-9]+)")

# Of orders that wait for a person there may be thousands.
ASKED_AT_ONCE = 8

# How many a finding names.
NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Orphan:
    """An order that is open in the books, and that no workflow will bring to its end."""

    order: OrderSnapshot
    why: str
    asked_back: Event | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RolledBack:
    """An order whose running workflow is not of one mind with the books, and that one's run."""

    order: OrderSnapshot
    run_id: str | None


async def find_orphans(
    client: Client, db: Database, tag: str, *, just_ended: Collection[str] = ()
) -> list[Orphan]:
    """Return every order that was left behind; one that was only just placed is the API's own sweep's.

    `just_ended` are workflows that the server's list, which is a moment behind, may still have.
    """
    running = (await _running(client)).difference(just_ended)
    open_ones = await db.read(partial(find_open, placed_before=now() - LONG_ENOUGH))
    suspects = [order for order in open_ones if order.workflow_id not in running]
    found = [await _orphan(client, db, tag, order) for order in suspects]
    return [orphan for orphan in found if orphan is not None]


async def find_strays(client: Client, db: Database, tag: str) -> list[str]:
    """Return the workflows that run for an order these books do not have, their ids."""
    running = await _running(client)
    kept = {order.workflow_id for order in await _orders_of(running, db, tag)}
    # The list that they are from is a moment behind.
    return [stray for stray in running - kept if await _why_it_does_not_run(client, stray) is None]


async def find_rolled_back(client: Client, db: Database, tag: str) -> list[RolledBack]:
    """Return the orders whose running workflow has lost its latest steps, as far as it shows.

    It does not know that the books undo the order, or have undone it, which a workflow tells Temporal before
    the books; or it wants what the books refuse, as an end without the refund of a charge that it forgot.
    """
    before = now() - LONG_ENOUGH
    known = [
        order for order in await _orders_of(await _running(client), db, tag) if order.created_at < before
    ]
    places = asyncio.Semaphore(ASKED_AT_ONCE)

    async def look(order: OrderSnapshot) -> RolledBack | None:
        async with places:
            return await _rolled_back(client, db, order)

    found = await asyncio.gather(*(look(order) for order in known))
    return [rolled_back for rolled_back in found if rolled_back is not None]


async def end_rolled_back(client: Client, rolled_back: RolledBack) -> None:
    """End the workflow; its order, if it is open, can be taken up then. Raises RPCError."""
    run = client.get_workflow_handle(rolled_back.order.workflow_id, run_id=rolled_back.run_id)
    try:
        await run.terminate(reason="rolled back: not of one mind with the books")
    except RPCError as error:
        # It has ended by itself.
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise


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


def told_of_rolled_back(rolled_back: list[RolledBack]) -> Finding:
    if not rolled_back:
        return well("rolled back", "no running workflow is seen to have lost steps")
    named = _named(f"{one.order.order_id} ({one.order.status})" for one in rolled_back)
    what = f"{len(rolled_back)} whose workflow lost steps, or wants what the books refuse: {named}"
    return fault(
        "rolled back", what, "./doctor --fix ends those workflows, and takes up the orders still open"
    )


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
    known = await _described(client, workflow_id)
    if known is None:
        return "unknown to Temporal"
    return None if known.status in (None, WorkflowExecutionStatus.RUNNING) else known.status.name.lower()


async def _rolled_back(client: Client, db: Database, order: OrderSnapshot) -> RolledBack | None:
    """The books are read again after Temporal was asked: what it said is held against one status."""
    known = await _described(client, order.workflow_id)
    still = await db.read(partial(find_order, order_id=order.order_id))
    if known is None or known.status is not WorkflowExecutionStatus.RUNNING:
        return None
    if still is None or still.status is not order.status:
        return None
    has_heard = {order.status, ON_THE_WAY_TO.get(order.status, order.status)}
    is_unaware = order.status in UNDONE and known.typed_search_attributes.get(ORDER_STATUS) not in has_heard
    has_lost_steps = is_unaware or await _tries_in_vain(client, known)
    return RolledBack(order=order, run_id=known.run_id) if has_lost_steps else None


async def _tries_in_vain(client: Client, known: WorkflowExecutionDescription) -> bool:
    """The books refuse what it wants to write, or what its shipping does."""
    children = [
        await _described(client, child.workflow_id) for child in known.raw_description.pending_children
    ]
    pending = [
        activity
        for one in (known, *children)
        if one is not None
        for activity in one.raw_description.pending_activities
    ]
    failures = [as_reported(activity.last_failure).application_failure_info for activity in pending]
    return any(failure.type == LateWrite.__name__ for failure in failures)


async def _described(client: Client, workflow_id: str) -> WorkflowExecutionDescription | None:
    try:
        return await client.get_workflow_handle(workflow_id).describe()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return None


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


async def _orders_of(workflow_ids: Iterable[str], db: Database, tag: str) -> list[OrderSnapshot]:
    numbers = [_number(workflow_id, tag) for workflow_id in workflow_ids]
    ours = [number for number in numbers if number is not None]
    return await db.read(partial(find_orders, order_ids=ours))


def _number(workflow_id: str, tag: str) -> OrderId | None:
    found = ORDERS_WORKFLOW.fullmatch(workflow_id)
    return OrderId(int(found["number"])) if found and found["tag"] == tag else None


def _named(all_of_them: Iterable[str]) -> str:
    names = list(all_of_them)
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
