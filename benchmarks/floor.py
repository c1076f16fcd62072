"""What Temporal itself costs an order: its shape, seven activities and a child, with nothing in them.

Deeds are called by name: typed calls here make mypy, by the order it reads in, misjudge those of the API.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from temporalio import activity, workflow

from activities.racing import Activities
from config.queues import TaskQueue
from workflows.deeds import HEARTBEAT_TIMEOUT, TRY_AGAIN, WORKFLOW_TASK_TIMEOUT

START_TO_CLOSE = timedelta(seconds=15)
BEFORE_THE_CHILD, IN_THE_CHILD, AFTER_THE_CHILD = 3, 2, 2


class FloorActivities(Activities):
    def all(self) -> list[Callable[..., Any]]:
        return [self.nothing]

    @activity.defn
    async def nothing(self) -> None:
        """Done."""


@workflow.defn
class FloorShipping:
    @workflow.run
    async def run(self) -> None:
        await _steps(IN_THE_CHILD)


@workflow.defn
class FloorOrder:
    @workflow.run
    async def run(self) -> None:
        await _steps(BEFORE_THE_CHILD)
        await workflow.execute_child_workflow(
            "FloorShipping",
            id=f"{workflow.info().workflow_id}-shipping",
            task_queue=TaskQueue.SHIPPING,
            task_timeout=WORKFLOW_TASK_TIMEOUT,
        )
        await _steps(AFTER_THE_CHILD)


async def _steps(count: int) -> None:
    for _ in range(count):
        await workflow.execute_activity(
            "nothing",
            start_to_close_timeout=START_TO_CLOSE,
            heartbeat_timeout=HEARTBEAT_TIMEOUT,
            retry_policy=TRY_AGAIN,
        )
