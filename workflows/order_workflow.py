"""The story of an order: eight stages, told in order, and what is undone when it cannot go on."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ChildWorkflowError, WorkflowAlreadyStartedError

from activities.books import BookActivities
from activities.intake import IntakeActivities
from activities.payment import PaymentActivities
from activities.shipping import ShippingActivities
from config.queues import TaskQueue
from domain.events import SIMULATED_REVIEWER
from domain.faults import StageGivenUp
from domain.orders import shipping_workflow_id
from domain.refusals import ChargeVoided, Refusal
from domain.stages import Stage
from domain.status import ON_THE_WAY_TO, OrderStatus
from domain.tasks import OrderOutcome, OrderStart, ReviewRules, ShippingStart, StageTask, Standing
from signals import Review, Verdict
from workflows.deeds import WORKFLOW_TASK_TIMEOUT, hedged, stage_task, undoing_task, written
from workflows.order_commands import OrderCommands
from workflows.shipping_workflow import ShippingWorkflow
from workflows.telling import (
    review_timer_summary,
    shipping_summary,
    tell_ended,
    tell_undoing,
    tell_waiting,
)

# A dispatch that fails for good is tried by one more child before the order is undone.
SHIPPING_TRIES = 2


class OrderStopped(Exception):
    """The story ends here, with this status."""

    def __init__(self, status: OrderStatus, reason: str | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.reason = reason


@workflow.defn
class OrderWorkflow(OrderCommands):
    """Brings one order to its end; every end, a failed one too, completes the workflow."""

    @workflow.init
    def __init__(self, start: OrderStart) -> None:
        super().__init__(start)
        self._review_rules = start.review

    @workflow.run
    async def run(self, start: OrderStart) -> OrderOutcome:
        try:
            self._stay_stopped(start.standing)
            await self._reach(Stage.ORDER_RECEIVED, IntakeActivities.receive_order)
            await self._validate()
            reviewer = await self._await_review()
            await self._charge(reviewer)
            await self._prepare_and_dispatch()
            await self._reach(Stage.ORDER_SHIPPED, ShippingActivities.ship_order)
            await self._reach(Stage.ORDER_DELIVERED, ShippingActivities.deliver_order)
            self._become(OrderStatus.COMPLETED)
        except OrderStopped as stop:
            await self._undo(stop)
        except StageGivenUp as end:
            await self._undo(OrderStopped(OrderStatus.FAILED, str(end)))
        tell_ended(self._status)
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self._outcome()

    def _stay_stopped(self, standing: Standing | None) -> None:
        """An order that had been given up or turned down when its workflow was lost is not begun anew.

        One that was being cancelled stops at the first stage, as any other.
        """
        if standing is not None and standing.status is OrderStatus.FAILING:
            raise OrderStopped(OrderStatus.FAILED)
        if standing is not None and standing.was_rejected:
            raise OrderStopped(OrderStatus.REJECTED)

    async def _reach(self, stage: Stage, deed: Callable[[Any, StageTask], Awaitable[Any]]) -> None:
        await self._begin(stage)
        await hedged(deed, self._task(stage))
        self._progress = self._progress.reaching(stage)

    async def _begin(self, stage: Stage) -> None:
        """Let every command under way be decided, then close the doors that this stage closes."""
        await self._all_decided()
        if self._status is OrderStatus.CANCELLING:
            raise OrderStopped(OrderStatus.CANCELLED)
        self._progress = self._progress.beginning(stage)
        tell_waiting(stage, self._status)
        workflow.logger.debug("stage.begun", extra={"order_id": self._order_id, "stage": stage.value})

    async def _validate(self) -> None:
        try:
            await self._reach(Stage.ORDER_VALIDATED, IntakeActivities.validate_order)
        except Refusal as refusal:
            raise OrderStopped(OrderStatus.REJECTED, refusal.code) from refusal

    async def _await_review(self) -> str:
        """Return who approved."""
        await self._begin(Stage.ORDER_REVIEWED)
        if self._progress.has_reached(Stage.ORDER_REVIEWED):
            # Before an earlier workflow was lost; by whom stands in the books.
            return SIMULATED_REVIEWER
        review = await self._verdict()
        if review.verdict is Verdict.REJECT:
            raise OrderStopped(OrderStatus.REJECTED, review.reason)
        return review.reviewer

    async def _verdict(self) -> Review:
        """A person's, or after a while the simulated reviewer's; one that comes with the timer beats it."""
        rules = self._review_rules
        self._waiting_since = workflow.now() if rules.approve_after is None else None
        with suppress(TimeoutError):
            await workflow.wait_condition(
                lambda: self._review is not None or self._status is OrderStatus.CANCELLING,
                timeout=rules.deadline if rules.approve_after is None else rules.approve_after,
                timeout_summary=review_timer_summary(rules),
            )
        if self._waiting_since is not None:
            self._budget = self._budget.prolonged_by(workflow.now() - self._waiting_since)
            self._waiting_since = None
        if self._review is None:
            self._review = self._unspoken_verdict(rules)
        return self._review

    def _unspoken_verdict(self, rules: ReviewRules) -> Review:
        if self._status is OrderStatus.CANCELLING:
            raise OrderStopped(OrderStatus.CANCELLED)
        if rules.approve_after is None:
            raise OrderStopped(OrderStatus.EXPIRED)
        return Review(command_id="", verdict=Verdict.APPROVE, reviewer=SIMULATED_REVIEWER)

    async def _charge(self, reviewer: str) -> None:
        """Afterwards it is known whether the order was charged; a cancellation in between waits for that.

        What the simulated reviewer approves goes into the books as the charge begins: no activity of its own.
        """
        await self._begin(Stage.PAYMENT_CHARGED)
        self._progress = self._progress.reaching(Stage.ORDER_REVIEWED)
        self._charge_is_in_doubt = True
        try:
            await hedged(PaymentActivities.charge_payment, self._task(Stage.PAYMENT_CHARGED), reviewer)
        except StageGivenUp:
            await self._settle_charge()
            if not self._progress.has_reached(Stage.PAYMENT_CHARGED):
                raise
        except Refusal as refusal:
            if refusal.code != ChargeVoided.code:
                await self._settle_charge()
            # Else it was settled without, just before an earlier workflow was lost.
            if not self._progress.has_reached(Stage.PAYMENT_CHARGED):
                raise StageGivenUp(refusal.message) from refusal
        finally:
            self._charge_is_in_doubt = False
        self._progress = self._progress.reaching(Stage.PAYMENT_CHARGED)

    async def _settle_charge(self) -> None:
        """Learn whether the charge took place, and let none follow."""
        settlement = await hedged(PaymentActivities.settle_charge, self._undoing())
        if settlement.charged:
            self._progress = self._progress.reaching(Stage.PAYMENT_CHARGED)
        self._charge_is_in_doubt = False

    async def _prepare_and_dispatch(self) -> None:
        """Stages 5 and 6 are the shipping child's."""
        for attempt in range(1, SHIPPING_TRIES + 1):
            await self._begin(Stage.PACKAGE_PREPARED)
            await self._send_shipping_out(attempt)
            if self._progress.has_reached(Stage.CARRIER_DISPATCHED):
                return
        raise StageGivenUp("the package could not be dispatched")

    async def _send_shipping_out(self, attempt: int) -> None:
        self._shipping_is_out = True
        try:
            self._shipping = await workflow.start_child_workflow(
                ShippingWorkflow.run,
                ShippingStart(order_id=self._order_id, address=self._address, due_at=self._budget.due_at),
                id=shipping_workflow_id(workflow.info().workflow_id, attempt),
                task_queue=TaskQueue.SHIPPING,
                task_timeout=WORKFLOW_TASK_TIMEOUT,
                static_summary=shipping_summary(self._order_id, attempt),
            )
            outcome = await self._shipping
            self._progress = self._progress.joined_with(outcome.progress)
        except (ChildWorkflowError, WorkflowAlreadyStartedError):
            # Somebody ended it from outside, or a lost workflow left one behind: the carrier may or may not
            # have been told.
            self._progress = self._progress.beginning(Stage.CARRIER_DISPATCHED)
        finally:
            self._shipping_is_out = False
            self._shipping = None

    async def _undo(self, stop: OrderStopped) -> None:
        """Take back what was begun, in reverse order; the money goes last, together with the end."""
        if self._status is OrderStatus.CANCELLING:
            stop = OrderStopped(OrderStatus.CANCELLED)
        final = stop.status
        self._become(ON_THE_WAY_TO.get(final, final))
        tell_undoing(self._status)
        await self._all_decided()
        if self._charge_is_in_doubt:
            await self._settle_charge()
        if final is OrderStatus.FAILED:
            await written(BookActivities.begin_failing, self._order_id, summary="a stage was given up")
        if self._progress.has_begun(Stage.CARRIER_DISPATCHED):
            await hedged(ShippingActivities.recall_carrier, self._undoing(), queue=TaskQueue.SHIPPING)
        if self._progress.has_begun(Stage.PACKAGE_PREPARED):
            await hedged(ShippingActivities.unpack_package, self._undoing(), queue=TaskQueue.SHIPPING)
        if self._progress.has_reached(Stage.PAYMENT_CHARGED):
            await hedged(PaymentActivities.refund_payment, self._undoing(stop.reason), final)
        else:
            await written(
                BookActivities.end_order, self._undoing(), final, stop.reason, summary=f"ended: {final}"
            )
        self._become(final)

    async def _all_decided(self) -> None:
        await workflow.wait_condition(lambda: self._being_decided == 0)

    def _task(self, stage: Stage) -> StageTask:
        return stage_task(self._order_id, self._budget, stage)

    def _undoing(self, reason: str | None = None) -> StageTask:
        return undoing_task(self._order_id, self._budget, reason)

    def _outcome(self) -> OrderOutcome:
        return OrderOutcome(
            order_id=self._order_id,
            status=self._status,
            stage=self._progress.reached,
            sla_breached=self._budget.left(workflow.now()) < timedelta(),
        )
