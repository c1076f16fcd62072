"""The order desk: what every operation on orders works with, and the one way to start an order."""

import logging
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from temporalio.client import Client
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError

from api.errors import OrderNotFound
from config.attributes import ORDER_STATUS
from config.queues import TaskQueue
from config.settings import ReviewMode, Settings
from db.database import Database
from db.reads import OrderSnapshot, find_order
from domain.orders import OrderId
from domain.tasks import OrderStart, ReviewRules, Standing
from engine.link import TemporalLink
from workflows.deeds import WORKFLOW_TASK_TIMEOUT
from workflows.order_workflow import OrderWorkflow
from workflows.telling import order_details, order_summary

log = logging.getLogger(__name__)

# The row is committed, so a start that takes longer than this is the sweep's.
STARTED_WITHIN = timedelta(seconds=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """`tag` is the database's own, part of every workflow's id."""

    settings: Settings
    db: Database
    link: TemporalLink
    tag: str

    async def start(self, client: Client, order: OrderSnapshot, standing: Standing | None = None) -> None:
        """See to it that the order's workflow runs, or has run; starting it twice changes nothing.

        With a `standing`, one that has run but left the order open is followed by another, which goes on from
        there. Raises RPCError when that is not known.
        """
        reuse = WorkflowIDReusePolicy
        review, budget = self._review_rules(), timedelta(seconds=self.settings.order_budget_seconds)
        status = SearchAttributePair(ORDER_STATUS, order.status.value)
        try:
            await client.start_workflow(
                OrderWorkflow.run,
                OrderStart(
                    order_id=order.order_id,
                    address=order.address,
                    budget=budget,
                    review=review,
                    standing=standing,
                ),
                id=order.workflow_id,
                task_queue=TaskQueue.ORDER,
                task_timeout=WORKFLOW_TASK_TIMEOUT,
                id_reuse_policy=reuse.ALLOW_DUPLICATE if standing else reuse.REJECT_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                rpc_timeout=STARTED_WITHIN,
                search_attributes=TypedSearchAttributes([status]),
                static_summary=order_summary(order.order_id, order.amount_cents),
                static_details=order_details(
                    items=len(order.items), budget=budget, review=review, standing=standing
                ),
            )
        except WorkflowAlreadyStartedError:
            log.info("order.had_run", extra={"order_id": order.order_id})

    async def find(self, order_id: OrderId) -> OrderSnapshot:
        """Return the order as the books have it; raises OrderNotFound."""
        order = await self.db.read(partial(find_order, order_id=order_id))
        if order is None:
            raise OrderNotFound(order_id)
        return order

    def _review_rules(self) -> ReviewRules:
        automatic = self.settings.review_mode is ReviewMode.AUTO
        return ReviewRules(
            approve_after=timedelta(seconds=self.settings.review_seconds) if automatic else None,
            deadline=timedelta(seconds=self.settings.review_deadline_seconds),
        )
