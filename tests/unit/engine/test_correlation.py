"""On whose behalf something is done ends with the task that does it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from typing import Any

from asgi_correlation_id import correlation_id
from temporalio.worker import (
    ExecuteWorkflowInput,
    Interceptor,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)

from engine.correlation import Correlation

ORDER = ExecuteWorkflowInput(type=object, run_fn=lambda: None, args=(), headers={})  # type: ignore[arg-type,return-value]


class Waiting(WorkflowInboundInterceptor):
    def __init__(self) -> None:
        """The innermost."""

    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:  # noqa: A002
        await asyncio.sleep(0)


def run_of_a_workflow(interceptor: Interceptor) -> Callable[[ExecuteWorkflowInput], Awaitable[Any]]:
    made = interceptor.workflow_interceptor_class(WorkflowInterceptorClassInput({}))
    assert made is not None
    return made(Waiting()).execute_workflow


def test_a_workflow_that_is_thrown_away_in_the_middle_is_closed_wherever_that_is() -> None:
    running: Any = run_of_a_workflow(Correlation())(ORDER)
    copy_context().run(running.send, None)

    running.close()

    assert correlation_id.get() is None
