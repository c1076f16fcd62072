"""How a workflow has its activities done: with which timeouts, how often, and what their failures mean."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError

from activities.translation import STAGE_GIVEN_UP
from config.budget import FIRST_PAUSE, LONGEST_PAUSE, PAUSES_GROW, STAGE_PATIENCE, Budget
from config.queues import TaskQueue
from domain.faults import StageGivenUp
from domain.orders import OrderId
from domain.refusals import Refusal
from domain.stages import Stage
from domain.tasks import StageTask
from workflows.telling import race_summary

T = TypeVar("T")

# After its race has ended itself, an activity still writes its outcome; a busy database may take this long.
TIME_TO_RECORD = timedelta(seconds=15)

# Three heartbeats missed: the worker is gone.
HEARTBEAT_TIMEOUT = timedelta(seconds=1.5)

TRY_AGAIN = RetryPolicy(
    initial_interval=FIRST_PAUSE, backoff_coefficient=PAUSES_GROW, maximum_interval=LONGEST_PAUSE
)

# A workflow task that a killed worker held is handed to another after this long.
WORKFLOW_TASK_TIMEOUT = timedelta(seconds=1.5)

# A write to our own books takes milliseconds. One whose worker was killed is tried again after this long.
TIME_TO_WRITE = timedelta(seconds=3)


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


def undoing_task(order_id: OrderId, budget: Budget, reason: str | None = None) -> StageTask:
    """The task of making something undone, which is never given up."""
    now = workflow.now()
    return StageTask(
        order_id=order_id,
        race=budget.race(now, 1),
        at=now,
        due_at=budget.due_at,
        patience=None,
        reason=reason,
    )


async def hedged(
    deed: Callable[..., Awaitable[T]], task: StageTask, *args: Any, queue: TaskQueue | None = None
) -> T:
    """Have a hedged activity done, as often as it takes.

    Raises StageGivenUp when its patience ran out, and Refusal when a rule said no.
    """
    with _failures_in_our_words():
        return await workflow.execute_activity(
            deed,
            args=[task, *args],
            task_queue=queue,
            start_to_close_timeout=task.race + TIME_TO_RECORD,
            heartbeat_timeout=HEARTBEAT_TIMEOUT,
            retry_policy=TRY_AGAIN,
            summary=race_summary(task),
        )


async def written(deed: Callable[..., Awaitable[T]], *args: Any, summary: str | None = None) -> T:
    """Have a quick write to our own books done; raises Refusal.

    Not a local activity: that one commits before the server knows what it was decided for, and a server that
    is killed in between would leave books that say more than the workflow knows.
    """
    with _failures_in_our_words():
        return await workflow.execute_activity(
            deed,
            args=args,
            start_to_close_timeout=TIME_TO_WRITE,
            retry_policy=TRY_AGAIN,
            summary=summary,
        )


@contextmanager
def _failures_in_our_words() -> Iterator[None]:
    try:
        yield
    except ActivityError as error:
        cause = error.cause
        if not isinstance(cause, ApplicationError) or not cause.non_retryable:
            raise
        if cause.type == STAGE_GIVEN_UP:
            raise StageGivenUp(cause.message) from error
        raise Refusal(cause.message, code=cause.type) from error
