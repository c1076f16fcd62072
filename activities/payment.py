"""Charge, settle what is in doubt, refund."""

from collections.abc import Callable
from functools import partial
from typing import Any

from sqlalchemy import Connection
from temporalio import activity

from activities.racing import HedgedActivities
from db.books import now, refuse_against_verdict, refuse_unless_moving, refuse_while_done
from db.reads import OrderSnapshot, Source, read_order
from domain.stages import Stage
from domain.status import OrderStatus
from domain.tasks import Settlement, StageTask
from function_stubs import payment
from function_stubs.intake import record_reviewed
from signals import Verdict


class PaymentActivities(HedgedActivities):
    """The money, in and out."""

    def all(self) -> list[Callable[..., Any]]:
        return [self.charge_payment, self.settle_charge, self.refund_payment]

    @activity.defn
    async def charge_payment(self, task: StageTask, reviewer: str) -> None:
        """What nobody spoke against is approved as the charge begins; that needs no activity of its own."""
        order = await self._db.write(partial(_approve, task=task, reviewer=reviewer))
        await self.reach(
            task,
            Stage.PAYMENT_CHARGED,
            lambda: payment.charge(self._dice, self._db, task.order_id, order.amount_cents),
            payment.record_charge,
        )

    @activity.defn
    async def settle_charge(self, task: StageTask) -> Settlement:
        """After a charge that was given up: learn whether it took place, and let none follow."""
        order = await self.read(task)
        if order.progress.has_reached(Stage.PAYMENT_CHARGED):
            return Settlement(charged=True)
        receipt = await self.race_and_record(
            task,
            lambda: payment.settle(self._dice, self._db, task.order_id, order.amount_cents),
            payment.record_settlement,
        )
        return Settlement(charged=receipt is not None)

    @activity.defn
    async def refund_payment(self, task: StageTask, final_status: OrderStatus) -> None:
        """Pay back and end the order, in one transaction of ours."""
        order = await self.read(task)
        if order.status is final_status:
            return
        await self.race_and_record(
            task,
            lambda: payment.refund(self._dice, self._db, task.order_id, order.amount_cents),
            partial(payment.record_refund, final_status=final_status, reason=task.reason),
            check=None if final_status is OrderStatus.RETURNED else partial(_package_is_back, task=task),
        )


def _package_is_back(source: Source, task: StageTask) -> None:
    """Raises LateWrite: a workflow that was rolled back may not know of the package."""
    refuse_while_done(source, task.order_id, Stage.CARRIER_DISPATCHED)
    refuse_while_done(source, task.order_id, Stage.PACKAGE_PREPARED)


def _approve(connection: Connection, task: StageTask, reviewer: str) -> OrderSnapshot:
    refuse_against_verdict(connection, task.order_id, Verdict.APPROVE)
    record_reviewed(connection, task.order_id, reviewer, late=now() > task.due_at)
    order = read_order(connection, task.order_id)
    refuse_unless_moving(order, Stage.PAYMENT_CHARGED)
    return order
