"""Having an order's workflow decide a command; or, once it is closed, the same rule on the order's row."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy.orm import Session
from temporalio.client import WorkflowUpdateFailedError
from temporalio.client import WorkflowUpdateRPCTimeoutOrCancelledError as UpdateUnanswered
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from api.desk import Desk
from api.errors import DecisionPending
from db.books import find_command
from db.reads import OrderSnapshot, read_order
from domain.events import Command, EventType
from domain.orders import OrderId
from domain.refusals import Refusal
from domain.stages import Progress
from domain.status import ITS_WORKFLOW_DECIDES, OrderStatus
from signals import (
    AddressChange,
    Cancellation,
    Review,
    decide_address_change,
    decide_cancellation,
    decide_review,
    effect_of_cancelling,
)
from workflows.order_workflow import OrderWorkflow

# A workflow that can decide does so in a fraction of a second; a charge in flight may take longer.
DECIDED_WITHIN = timedelta(seconds=5)

AnyCommand = Cancellation | AddressChange | Review


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How a kind of command is decided.

    `update` is the workflow's; `rule` refuses by the row alone; `by_the_books` is what was answered to a
    command that was accepted before, when the workflow can no longer be asked.
    """

    command: Command
    update: Any
    rule: Callable[[OrderStatus, Progress], None]
    by_the_books: Callable[[OrderSnapshot], Any] = lambda _: None


CANCELLING = Way(
    command=Command.CANCEL,
    update=OrderWorkflow.cancel,
    rule=decide_cancellation,
    by_the_books=lambda order: effect_of_cancelling(order.progress),
)
READDRESSING = Way(
    command=Command.CHANGE_ADDRESS, update=OrderWorkflow.change_address, rule=decide_address_change
)
REVIEWING = Way(
    command=Command.REVIEW, update=OrderWorkflow.review, rule=partial(decide_review, reviewed=False)
)


class WorkflowGone(Exception):
    """No workflow of that id is running."""


async def decide(desk: Desk, order_id: OrderId, way: Way, command: AnyCommand) -> Any:
    """Return what is answered to the command, accepted now or before under the same id.

    Raises Refusal; DecisionPending when the answer is not known in time; TemporalAway.
    """
    try:
        async with asyncio.timeout(DECIDED_WITHIN.total_seconds()):
            return await _decide(desk, order_id, way, command)
    except (TimeoutError, UpdateUnanswered, RPCError) as error:
        raise DecisionPending(order_id) from error


async def _decide(desk: Desk, order_id: OrderId, way: Way, command: AnyCommand) -> Any:
    for _ in range(2):
        order, was_accepted = await desk.db.read(partial(_look_up, order_id=order_id, command=command))
        if order.status not in ITS_WORKFLOW_DECIDES and not was_accepted:
            # Every rule refuses then. Any sooner, this very command may be under way to being accepted.
            way.rule(order.status, order.progress)
        try:
            return await _ask(desk, order, way, command)
        except WorkflowGone:
            if was_accepted:
                return way.by_the_books(order)
            # It was never started, or has closed since the row was read.
            if order.status is OrderStatus.IN_PROGRESS:
                await desk.start(desk.link.client(), order)
    raise DecisionPending(order_id)


def _look_up(session: Session, order_id: OrderId, command: AnyCommand) -> tuple[OrderSnapshot, bool]:
    """The order's row, and whether this very command stands in the books as accepted."""
    found = find_command(session, order_id, command.command_id)
    was_accepted = found is not None and found.type == EventType.COMMAND_ACCEPTED
    return read_order(session, order_id), was_accepted


async def _ask(desk: Desk, order: OrderSnapshot, way: Way, command: AnyCommand) -> Any:
    handle = desk.link.client().get_workflow_handle_for(OrderWorkflow.run, order.workflow_id)
    try:
        return await handle.execute_update(way.update, command, id=command.command_id)
    except WorkflowUpdateFailedError as error:
        raise _refusal_in(error) from error
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            raise WorkflowGone from error
        raise


def _refusal_in(error: WorkflowUpdateFailedError) -> Exception:
    cause = error.cause
    if isinstance(cause, ApplicationError) and cause.type:
        return Refusal(cause.message, code=cause.type)
    return error
