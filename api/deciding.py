"""Having an order's workflow decide a command; or, once it is closed, the same rule on the order's row."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
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
from db.books import was_accepted
from db.reads import OrderSnapshot, read_order
from domain.events import Command
from domain.orders import OrderId
from domain.refusals import Refusal
from domain.stages import Progress, Stage
from domain.status import ITS_WORKFLOW_DECIDES, OrderStatus
from signals import (
    AddressChange,
    Cancellation,
    CancellationEffect,
    Review,
    decide_address_change,
    decide_cancellation,
    decide_review,
    effect_of_cancelling,
)
from workflows.order_workflow import OrderWorkflow

# A workflow that can decide does so in a fraction of a second; a charge in flight may take longer.
DECIDED_WITHIN = timedelta(seconds=5)

# What Temporal's server answers to an Update whose workflow was ended from outside while it ran.
CLOSED_MEANWHILE = "AcceptedUpdateCompletedWorkflow"

AnyCommand = Cancellation | AddressChange | Review


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How a kind of command is decided.

    `update` is the workflow's; `rule` refuses by the row alone; `by_the_books` is what is answered to a
    command that was accepted before, and raises NotInTheBooks when only the workflow can tell.
    """

    command: Command
    update: Any
    rule: Callable[[OrderStatus, Progress], None]
    by_the_books: Callable[[OrderSnapshot], Any] = lambda _: None


class NotInTheBooks(Exception):
    """What was answered to a command does not follow from the order's row yet."""


def _effect_by_the_books(order: OrderSnapshot) -> CancellationEffect:
    """Until the order has ended, a charge that the row does not show may have taken place."""
    if not order.status.is_ended and not order.progress.has_reached(Stage.PAYMENT_CHARGED):
        raise NotInTheBooks
    return effect_of_cancelling(order.progress)


CANCELLING = Way(
    command=Command.CANCEL,
    update=OrderWorkflow.cancel,
    rule=decide_cancellation,
    by_the_books=_effect_by_the_books,
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
        look_up = partial(_look_up, order_id=order_id, way=way, command=command)
        order, is_accepted = await desk.db.read(look_up)
        if is_accepted:
            with suppress(NotInTheBooks):
                return way.by_the_books(order)
        elif order.status not in ITS_WORKFLOW_DECIDES:
            # Every rule refuses then. Any sooner, this very command may be under way to being accepted.
            way.rule(order.status, order.progress)
        try:
            return await _ask(desk, order, way, command)
        except WorkflowGone:
            # It was never started, or has closed since the row was read.
            if order.may_be_unstarted:
                await desk.start(desk.link.client(), order)
        except Refusal:
            # One that took the order up after its workflow was lost does not know the command.
            if not is_accepted:
                raise
    raise DecisionPending(order_id)


def _look_up(
    session: Session, order_id: OrderId, way: Way, command: AnyCommand
) -> tuple[OrderSnapshot, bool]:
    """The order's row, and whether this very command stands in the books as accepted."""
    is_accepted = was_accepted(session, order_id, way.command, command.command_id)
    return read_order(session, order_id), is_accepted


async def _ask(desk: Desk, order: OrderSnapshot, way: Way, command: AnyCommand) -> Any:
    handle = desk.link.client().get_workflow_handle_for(OrderWorkflow.run, order.workflow_id)
    try:
        return await handle.execute_update(way.update, command, id=command.command_id)
    except WorkflowUpdateFailedError as error:
        raise _in_our_words(error) from error
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            raise WorkflowGone from error
        raise


def _in_our_words(error: WorkflowUpdateFailedError) -> Exception:
    cause = error.cause
    if not isinstance(cause, ApplicationError) or not cause.type:
        return error
    return WorkflowGone() if cause.type == CLOSED_MEANWHILE else Refusal(cause.message, code=cause.type)
