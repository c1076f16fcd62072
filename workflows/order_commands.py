"""What an order's workflow hears while it runs: each command is decided at once, written down, then answered.

The rules themselves are in signals.py. What is decided takes effect in the same workflow task, before the
story goes on; the story begins no stage while a decision is still being written.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from temporalio import workflow
from temporalio.exceptions import FailureError

from activities.books import BookActivities
from activities.translation import told_to_temporal
from config.budget import Budget
from domain.events import ACCEPTED, Command, CommandNote
from domain.refusals import AddressLocked, Refusal
from domain.stages import Progress, Stage
from domain.status import OrderStatus
from domain.tasks import OrderStart, ShippingAnswer, ShippingOutcome
from signals import (
    REFUSED_SIGNALS_RECORDED,
    SHIPPING_ANSWERED,
    AddressChange,
    Cancellation,
    CancellationEffect,
    Review,
    Verdict,
    decide_address_change,
    decide_cancellation,
    decide_review,
    effect_of_cancelling,
)
from workflows.deeds import written
from workflows.shipping_workflow import ShippingWorkflow
from workflows.telling import note_summary, tell_status

ShippingHandle = workflow.ChildWorkflowHandle[ShippingWorkflow, ShippingOutcome]


class OrderCommands:
    """The part of an order's workflow that answers; OrderWorkflow tells the story."""

    def __init__(self, start: OrderStart) -> None:
        self._order_id = start.order_id
        self._address = start.address
        self._budget = Budget(due_at=workflow.now() + start.budget)
        standing = start.standing
        self._status = standing.status if standing else OrderStatus.IN_PROGRESS
        self._progress = standing.progress if standing else Progress()
        self._review: Review | None = None
        self._waiting_since: datetime | None = None
        # Of an order that is taken up again nobody knows whether a charge that may have begun took place.
        self._charge_is_in_doubt = self._progress.is_in_flight(Stage.PAYMENT_CHARGED)
        self._shipping_is_out = False
        self._shipping: ShippingHandle | None = None
        self._shipping_answers: dict[str, bool] = {}
        self._being_decided = 0
        self._address_changes = 0
        self._redirected_by: set[str] = set()
        # Two writes under way at once could end in either order, and the row differ from the label.
        self._one_address_at_a_time = asyncio.Lock()
        self._refused_signals = 0

    @workflow.update
    async def cancel(self, command: Cancellation) -> CancellationEffect:
        """Answers as soon as it is known whether the charge took place."""
        with _refusals_reach_the_caller():
            return await self._cancel(command)

    @cancel.validator
    def _may_cancel(self, command: Cancellation) -> None:  # noqa: ARG002 - the SDK wants the same parameters
        with _refusals_reach_the_caller():
            decide_cancellation(self._status, self._progress)

    @workflow.update
    async def change_address(self, command: AddressChange) -> None:
        with _refusals_reach_the_caller():
            await self._change_address(command)

    @change_address.validator
    def _may_change_address(self, command: AddressChange) -> None:  # noqa: ARG002 - the SDK wants the same parameters
        with _refusals_reach_the_caller():
            self._may_take_up_address_change()

    @workflow.update
    async def review(self, command: Review) -> None:
        with self._deciding(), _refusals_reach_the_caller():
            decide_review(self._status, self._progress, reviewed=self._review is not None)
            self._review = command
            note = CommandNote(
                command=Command.REVIEW,
                command_id=command.command_id,
                decision=command.verdict,
                actor=command.reviewer,
                reason=command.reason,
            )
            await self._write(BookActivities.record_review, note)
            if command.verdict is Verdict.APPROVE:
                self._progress = self._progress.reaching(Stage.ORDER_REVIEWED)

    @review.validator
    def _may_review(self, command: Review) -> None:  # noqa: ARG002 - the SDK wants the same parameters
        with _refusals_reach_the_caller():
            decide_review(self._status, self._progress, reviewed=self._review is not None)

    @workflow.signal(name="cancel")
    async def cancel_signal(self, command: Cancellation) -> None:
        """Fire and forget, by the same rule."""
        try:
            await self._cancel(command)
        except Refusal as refusal:
            await self._note_refused_signal(Command.CANCEL, command, refusal)

    @workflow.signal(name="change_address")
    async def change_address_signal(self, command: AddressChange) -> None:
        """Fire and forget, by the same rule."""
        try:
            await self._change_address(command)
        except Refusal as refusal:
            await self._note_refused_signal(Command.CHANGE_ADDRESS, command, refusal)

    @workflow.signal(name=SHIPPING_ANSWERED)
    def shipping_answered(self, answer: ShippingAnswer) -> None:
        self._shipping_answers[answer.command_id] = answer.accepted

    @workflow.query
    def progress(self) -> Progress:
        return self._progress

    @workflow.query
    def budget_left_seconds(self) -> float:
        """Stands still while a person is waited for."""
        return self._budget.left(self._waiting_since or workflow.now()).total_seconds()

    async def _cancel(self, command: Cancellation) -> CancellationEffect:
        with self._deciding():
            decide_cancellation(self._status, self._progress)
            self._become(OrderStatus.CANCELLING)
            note = _accepted(Command.CANCEL, command)
            await self._write(BookActivities.record_cancellation, note)
        await self._stand_shipping_down()
        await workflow.wait_condition(lambda: not self._charge_is_in_doubt)
        return effect_of_cancelling(self._progress)

    async def _stand_shipping_down(self) -> None:
        """Every moment of the child lies before the cut-off, so it need not be asked, only told."""
        await self._tell_shipping(ShippingWorkflow.stand_down)

    async def _change_address(self, command: AddressChange) -> None:
        with self._deciding():
            self._may_take_up_address_change()
            self._address_changes += 1
            async with self._one_address_at_a_time:
                await self._redirect(command)

    def _may_take_up_address_change(self) -> None:
        decide_address_change(self._status, self._progress, earlier=self._address_changes)

    async def _redirect(self, command: AddressChange) -> None:
        if command.command_id in self._redirected_by:
            # A signal may come twice. The books do not write it again, so the label must not change again.
            return
        decide_address_change(self._status, self._progress)
        await self._let_shipping_decide(command)
        self._address = command.address
        self._redirected_by.add(command.command_id)
        note = _accepted(Command.CHANGE_ADDRESS, command)
        await self._write(BookActivities.record_address_change, note, command.address)

    async def _let_shipping_decide(self, command: AddressChange) -> None:
        """While the child is out, it alone knows whether dispatch has begun; once it ended, its result."""
        if not self._shipping_is_out:
            return
        await self._tell_shipping(ShippingWorkflow.change_address, command)
        await workflow.wait_condition(
            lambda: command.command_id in self._shipping_answers or not self._shipping_is_out
        )
        accepted = self._shipping_answers.pop(command.command_id, None)
        if accepted is None:
            decide_address_change(self._status, self._progress)
        elif not accepted:
            raise AddressLocked

    async def _tell_shipping(self, signal: Callable[..., Any], *args: Any) -> None:
        """Wait out the moment between the child's being ordered and its being started; then tell it."""
        await workflow.wait_condition(lambda: self._shipping is not None or not self._shipping_is_out)
        if self._shipping is None:
            return
        try:
            await self._shipping.signal(signal, args=args)
        except FailureError:
            # It has just ended: its result is on the way and says as much as an answer would.
            workflow.logger.info("shipping.out_of_reach")

    async def _note_refused_signal(
        self, kind: Command, command: Cancellation | AddressChange, refusal: Refusal
    ) -> None:
        self._refused_signals += 1
        if self._refused_signals <= REFUSED_SIGNALS_RECORDED:
            note = CommandNote(
                command=kind,
                command_id=command.command_id,
                decision=refusal.code,
                actor=command.actor,
                accepted=False,
            )
            await self._write(BookActivities.record_command, note)

    async def _write(self, deed: Callable[..., Awaitable[None]], note: CommandNote, *args: Any) -> None:
        await written(deed, self._order_id, note, *args, summary=note_summary(note))

    def _become(self, status: OrderStatus) -> None:
        if status is not self._status:
            self._status = status
            tell_status(status)
            workflow.logger.info("order.status", extra={"order_id": self._order_id, "status": status.value})

    @contextmanager
    def _deciding(self) -> Iterator[None]:
        """Hold the story at the door of the next stage until the decision stands in the books."""
        self._being_decided += 1
        try:
            yield
        finally:
            self._being_decided -= 1


def _accepted(kind: Command, command: Cancellation | AddressChange) -> CommandNote:
    return CommandNote(
        command=kind,
        command_id=command.command_id,
        decision=ACCEPTED,
        actor=command.actor,
        reason=command.reason if isinstance(command, Cancellation) else None,
    )


@contextmanager
def _refusals_reach_the_caller() -> Iterator[None]:
    try:
        yield
    except Refusal as refusal:
        raise told_to_temporal(refusal) from refusal
