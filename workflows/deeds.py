"""How a workflow has its activities done: with which timeouts, how often, and what their failures mean."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Concatenate, ParamSpec, TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError

from activities.translation import STAGE_GIVEN_UP
from config.budget import STAGE_PATIENCE, Budget
from config.queues import TaskQueue
from domain.faults import StageGivenUp
from domain.orders import OrderId
from domain.refusals import Refusal
from domain.stages import Stage
from domain.tasks import StageTask

P = ParamSpec("P")
T = TypeVar("T")

# After its race has ended itself, an activity still writes its outcome; a busy database may take this long.
TIME_TO_RECORD = timedelta(seconds=15)

# Four heartbeats missed: the worker is gone.
HEARTBEAT_TIMEOUT = timedelta(seconds=1.5)

# Weather changes quickly and a race is polite by itself, so the next one need not wait long.
TRY_AGAIN = RetryPolicy(
    initial_interval=timedelta(milliseconds=50),
    backoff_coefficient=1.5,
    maximum_interval=timedelta(seconds=1),
)

# A workflow task that a killed worker held is handed to another after this long.
WORKFLOW_TASK_TIMEOUT = timedelta(seconds=2)

# A write to our own database takes milliseconds; one that hangs is tried anew.
TIME_TO_WRITE = timedelta(seconds=15)


def stage_task(order_id: OrderId, budget: Budget, stage: Stage) -> StageTask:
    """The task of reaching `stage` with its share of the time left."""
    now = workflow.now()
    stages_left = len(Stage) - stage.number + 1
    return StageTask(
        order_id=order_id,
        race=budget.race(now, stages_left),
        at=now,
        due_at=budget.due_at,
        patience=STAGE_PATIENCE,
    )


def undoing_task(order_id: OrderId, budget: Budget) -> StageTask:
    """The task of making something undone, which is never given up."""
    now = workflow.now()
    return StageTask(
        order_id=order_id, race=budget.race(now, 1), at=now, due_at=budget.due_at, patience=None
    )


async def hedged(
    deed: Callable[Concatenate[Any, StageTask, P], Awaitable[T]],
    task: StageTask,
    *args: P.args,
    queue: TaskQueue | None = None,
    **_: P.kwargs,
) -> T:
    """Have a hedged activity done, as often as it takes.

    Raises StageGivenUp when its patience ran out, and Refusal when a rule said no.
    """
    try:
        return await workflow.execute_activity(
            deed,  # type: ignore[arg-type]
            args=[task, *args],
            task_queue=queue,
            start_to_close_timeout=task.race + TIME_TO_RECORD,
            heartbeat_timeout=HEARTBEAT_TIMEOUT,
            retry_policy=TRY_AGAIN,
        )
    except ActivityError as error:
        raise _what_it_means(error) from error


async def written(deed: Callable[Concatenate[Any, P], Awaitable[T]], *args: P.args, **_: P.kwargs) -> T:
    """Have a quick write to our own books done, within the same workflow task where it can be."""
    return await workflow.execute_local_activity(
        deed,  # type: ignore[arg-type]
        args=list(args),
        start_to_close_timeout=TIME_TO_WRITE,
        retry_policy=TRY_AGAIN,
    )


def _what_it_means(error: ActivityError) -> Exception:
    cause = error.cause
    if not isinstance(cause, ApplicationError) or not cause.non_retryable:
        return error
    if cause.type == STAGE_GIVEN_UP:
        return StageGivenUp(cause.message)
    return Refusal(cause.message, code=cause.type)
