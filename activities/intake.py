"""Receive and validate."""

from collections.abc import Callable
from typing import Any

from temporalio import activity

from activities.racing import HedgedActivities
from domain.stages import Stage
from domain.tasks import StageTask
from function_stubs import intake


class IntakeActivities(HedgedActivities):
    """The stages before any money moves."""

    def all(self) -> list[Callable[..., Any]]:
        return [self.receive_order, self.validate_order]

    @activity.defn
    async def receive_order(self, task: StageTask) -> None:
        await self.reach(
            task, Stage.ORDER_RECEIVED, lambda: intake.receive(self._dice), intake.record_received
        )

    @activity.defn
    async def validate_order(self, task: StageTask) -> None:
        """Raises ORDER_INVALID, which is not retried."""
        order = await self.read(task)
        await self.reach(
            task,
            Stage.ORDER_VALIDATED,
            lambda: intake.validate(self._dice, order.items),
            intake.record_validated,
        )
