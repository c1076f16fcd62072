"""Prepare, dispatch, ship, deliver; recall and unpack."""

from collections.abc import Callable
from functools import partial
from typing import Any

from temporalio import activity

from activities.racing import HedgedActivities
from db.books import refuse_unless_moving
from db.reads import Source, read_order
from domain.orders import Address
from domain.stages import Stage
from domain.tasks import StageTask
from function_stubs import shipping


class ShippingActivities(HedgedActivities):
    """The package, out and, where the order is undone, back in."""

    def all(self) -> list[Callable[..., Any]]:
        return [
            self.prepare_package,
            self.dispatch_carrier,
            self.ship_order,
            self.deliver_order,
            self.recall_carrier,
            self.unpack_package,
        ]

    @activity.defn
    async def prepare_package(self, task: StageTask) -> None:
        await self.reach(
            task, Stage.PACKAGE_PREPARED, lambda: shipping.prepare(self._dice), shipping.record_prepared
        )

    @activity.defn
    async def dispatch_carrier(self, task: StageTask, address: Address) -> None:
        """`address` is the workflow's: the last one accepted before dispatch began."""
        await self.reach(
            task,
            Stage.CARRIER_DISPATCHED,
            lambda: shipping.dispatch(self._dice, self._db, task.order_id, address),
            shipping.record_dispatched,
            check=partial(_may_go, task=task),
        )

    @activity.defn
    async def ship_order(self, task: StageTask) -> None:
        await self.reach(
            task, Stage.ORDER_SHIPPED, lambda: shipping.ship(self._dice), shipping.record_shipped
        )

    @activity.defn
    async def deliver_order(self, task: StageTask) -> None:
        """The last stage, which completes the order."""
        await self.reach(
            task, Stage.ORDER_DELIVERED, lambda: shipping.deliver(self._dice), shipping.record_delivered
        )

    @activity.defn
    async def recall_carrier(self, task: StageTask) -> None:
        await self.race_and_record(
            task, lambda: shipping.recall(self._dice, self._db, task.order_id), shipping.record_recalled
        )

    @activity.defn
    async def unpack_package(self, task: StageTask) -> None:
        await self.race_and_record(task, lambda: shipping.unpack(self._dice), shipping.record_unpacked)


def _may_go(source: Source, task: StageTask) -> None:
    """Raises LateWrite: a workflow that was rolled back may not know that the order has ended."""
    refuse_unless_moving(read_order(source, task.order_id), Stage.CARRIER_DISPATCHED)
