"""The order desk: takes orders and commands in, has the workflows decide them, and tells what they said."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.client import WorkflowUpdateRPCTimeoutOrCancelledError as UpdateUnanswered
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from api.errors import CommandRefused, DecisionPending, OrderNotFound
from config.queues import TaskQueue
from config.settings import ReviewMode, Settings
from db.books import add_order, note_command
from db.database import Database
from db.reads import OrderSnapshot, find_order
from domain.events import Command, CommandNote
from domain.orders import Address, Item, OrderId, return_workflow_id
from domain.refusals import Refusal
from domain.stages import Progress
from domain.status import OrderStatus
from domain.tasks import OrderStart, ReturnOutcome, ReviewRules
from engine.link import TemporalLink
from signals import (
    AddressChange,
    Cancellation,
    CancellationEffect,
    ReturnRequest,
    Review,
    decide_address_change,
    decide_cancellation,
    decide_review,
)
from workflows.deeds import WORKFLOW_TASK_TIMEOUT
from workflows.order_workflow import OrderWorkflow
from workflows.return_workflow import ReturnWorkflow

log = logging.getLogger(__name__)
Rule = Callable[[OrderStatus, Progress], None]

# A workflow that can decide does so in a fraction of a second; a charge in flight may take longer.
DECIDED_WITHIN = timedelta(seconds=5)

# The row is committed, so a start that takes longer than this is the sweep's.
STARTED_WITHIN = timedelta(seconds=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """`tag` is the database's own, part of every workflow's id."""

    settings: Settings
    db: Database
    link: TemporalLink
    tag: str

    async def place(self, address: Address, items: tuple[Item, ...]) -> OrderSnapshot:
        """Take an order in and start its workflow; raises TemporalAway before anything is written.

        Once the row is committed the order is taken, even if the start fails: the sweep starts it.
        """
        client = self.link.client()
        order = await self.db.write(partial(add_order, tag=self.tag, address=address, items=items))
        try:
            await self.start(client, order)
        except RPCError as error:
            log.warning("order.start_delayed", extra={"order_id": order.order_id, "why": error.status.name})
        return order

    async def start(self, client: Client, order: OrderSnapshot) -> None:
        """See to it that the order's workflow runs, or has run; starting it twice changes nothing."""
        try:
            await client.start_workflow(
                OrderWorkflow.run,
                OrderStart(
                    order_id=order.order_id,
                    address=order.address,
                    budget=timedelta(seconds=self.settings.order_budget_seconds),
                    review=self._review_rules(),
                ),
                id=order.workflow_id,
                task_queue=TaskQueue.ORDER,
                task_timeout=WORKFLOW_TASK_TIMEOUT,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                rpc_timeout=STARTED_WITHIN,
            )
        except WorkflowAlreadyStartedError:
            log.info("order.had_run", extra={"order_id": order.order_id})

    async def find(self, order_id: OrderId) -> OrderSnapshot:
        """Return the order as the books have it; raises OrderNotFound."""
        order = await self.db.read(partial(find_order, order_id=order_id))
        if order is None:
            raise OrderNotFound(order_id)
        return order

    async def cancel(self, order_id: OrderId, command: Cancellation) -> CancellationEffect:
        """Return what the cancellation does to the customer's money."""
        effect: CancellationEffect = await self._decide(
            order_id, Command.CANCEL, command, OrderWorkflow.cancel, decide_cancellation
        )
        return effect

    async def change_address(self, order_id: OrderId, command: AddressChange) -> None:
        await self._decide(
            order_id, Command.CHANGE_ADDRESS, command, OrderWorkflow.change_address, decide_address_change
        )

    async def review(self, order_id: OrderId, command: Review) -> None:
        rule = partial(decide_review, reviewed=False)
        await self._decide(order_id, Command.REVIEW, command, OrderWorkflow.review, rule)

    async def take_back(self, request: ReturnRequest) -> int:
        """Return the cents paid back, once they are."""
        order = await self.find(request.order_id)
        client = self.link.client()
        try:
            async with asyncio.timeout(DECIDED_WITHIN.total_seconds()):
                outcome = await self._run_return(client, request)
        except (TimeoutError, RPCError) as error:
            raise DecisionPending(order.order_id) from error
        if outcome.refusal_code is not None:
            refusal = Refusal(outcome.refusal_message or "", code=outcome.refusal_code)
            raise CommandRefused(refusal, order.order_id, order.stage)
        return outcome.refund_cents or 0

    async def _run_return(self, client: Client, request: ReturnRequest) -> ReturnOutcome:
        return await client.execute_workflow(
            ReturnWorkflow.run,
            request,
            id=return_workflow_id(self.tag, request.order_id, request.command_id),
            task_queue=TaskQueue.RETURNS,
            task_timeout=WORKFLOW_TASK_TIMEOUT,
        )

    async def _decide(
        self,
        order_id: OrderId,
        kind: Command,
        command: Cancellation | AddressChange | Review,
        update: Any,
        rule: Rule,
    ) -> Any:
        """Let the workflow decide, or the same rule on the row of an order that has ended; note a refusal."""
        order = await self.find(order_id)
        try:
            return await self._answer(order, command, update, rule)
        except Refusal as refusal:
            order = await self.find(order_id)
            await self._note_refusal(order_id, kind, command, refusal)
            raise CommandRefused(refusal, order_id, order.stage) from refusal

    async def _answer(
        self, order: OrderSnapshot, command: Cancellation | AddressChange | Review, update: Any, rule: Rule
    ) -> Any:
        for _ in range(2):
            if order.status is not OrderStatus.IN_PROGRESS:
                # Every rule refuses then, and the workflow may be closed: a return is not its own.
                rule(order.status, order.progress)
            try:
                return await self._ask(order, command, update)
            except WorkflowGone:
                # It has just closed, or was never started: the row knows the first, a start mends the second.
                order = await self.find(order.order_id)
                if not order.status.is_ended:
                    await self.start(self.link.client(), order)
        raise DecisionPending(order.order_id)

    async def _ask(
        self, order: OrderSnapshot, command: Cancellation | AddressChange | Review, update: Any
    ) -> Any:
        handle = self.link.client().get_workflow_handle_for(OrderWorkflow.run, order.workflow_id)
        try:
            async with asyncio.timeout(DECIDED_WITHIN.total_seconds()):
                return await handle.execute_update(update, command, id=command.command_id)
        except WorkflowUpdateFailedError as error:
            raise _refusal_in(error) from error
        except (TimeoutError, UpdateUnanswered) as error:
            raise DecisionPending(order.order_id) from error
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                raise WorkflowGone from error
            raise DecisionPending(order.order_id) from error

    async def _note_refusal(
        self,
        order_id: OrderId,
        kind: Command,
        command: Cancellation | AddressChange | Review,
        refusal: Refusal,
    ) -> None:
        note = CommandNote(
            command=kind,
            command_id=command.command_id,
            decision=refusal.code,
            actor=command.reviewer if isinstance(command, Review) else command.actor,
            accepted=False,
        )
        await self.db.write(partial(note_command, order_id=order_id, note=note))

    def _review_rules(self) -> ReviewRules:
        automatic = self.settings.review_mode is ReviewMode.AUTO
        return ReviewRules(
            approve_after=timedelta(seconds=self.settings.review_seconds) if automatic else None,
            deadline=timedelta(seconds=self.settings.review_deadline_seconds),
        )


class WorkflowGone(Exception):
    """No workflow of that id is running."""


def _refusal_in(error: WorkflowUpdateFailedError) -> Exception:
    cause = error.cause
    if isinstance(cause, ApplicationError) and cause.type:
        return Refusal(cause.message, code=cause.type)
    return error
