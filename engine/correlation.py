"""One id from the HTTP request through the workflow to each of its activities, for the logs of all of them.

It travels in Temporal's headers, beside the arguments, and is nobody's business but the logs'.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

import temporalio.client
import temporalio.converter
import temporalio.worker
from asgi_correlation_id import correlation_id
from temporalio.api.common.v1 import Payload

Headers = Mapping[str, Payload]
T = TypeVar("T", bound=Any)

HEADER = "correlation-id"

# Not the client's own: what it encodes is for the eyes of whoever has its key, and this is for the logs.
_CONVERTER = temporalio.converter.JSONPlainPayloadConverter()


class Correlation(temporalio.client.Interceptor, temporalio.worker.Interceptor):
    """What is started, told or done on behalf of a request carries the request's id; set on the client."""

    def intercept_client(
        self,
        next: temporalio.client.OutboundInterceptor,  # noqa: A002
    ) -> temporalio.client.OutboundInterceptor:
        return _Client(next)

    def intercept_activity(
        self,
        next: temporalio.worker.ActivityInboundInterceptor,  # noqa: A002
    ) -> temporalio.worker.ActivityInboundInterceptor:
        return _Activity(next)

    def workflow_interceptor_class(
        self,
        input: temporalio.worker.WorkflowInterceptorClassInput,  # noqa: A002, ARG002
    ) -> type[temporalio.worker.WorkflowInboundInterceptor]:
        return _Workflow


class _Client(temporalio.client.OutboundInterceptor):
    async def start_workflow(self, input: temporalio.client.StartWorkflowInput) -> Any:  # noqa: A002
        return await super().start_workflow(_marked(input))

    async def start_workflow_update(self, input: temporalio.client.StartWorkflowUpdateInput) -> Any:  # noqa: A002
        return await super().start_workflow_update(_marked(input))

    async def signal_workflow(self, input: temporalio.client.SignalWorkflowInput) -> None:  # noqa: A002
        await super().signal_workflow(_marked(input))


class _Activity(temporalio.worker.ActivityInboundInterceptor):
    async def execute_activity(self, input: temporalio.worker.ExecuteActivityInput) -> Any:  # noqa: A002
        _act_on_behalf_of(input.headers)
        return await super().execute_activity(input)


class _Workflow(temporalio.worker.WorkflowInboundInterceptor):
    def init(self, outbound: temporalio.worker.WorkflowOutboundInterceptor) -> None:
        super().init(_FromWorkflow(outbound))

    async def execute_workflow(self, input: temporalio.worker.ExecuteWorkflowInput) -> Any:  # noqa: A002
        _act_on_behalf_of(input.headers)
        return await super().execute_workflow(input)

    async def handle_signal(self, input: temporalio.worker.HandleSignalInput) -> None:  # noqa: A002
        _act_on_behalf_of(input.headers)
        await super().handle_signal(input)

    async def handle_update_handler(self, input: temporalio.worker.HandleUpdateInput) -> Any:  # noqa: A002
        _act_on_behalf_of(input.headers)
        return await super().handle_update_handler(input)


class _FromWorkflow(temporalio.worker.WorkflowOutboundInterceptor):
    def start_activity(self, input: temporalio.worker.StartActivityInput) -> Any:  # noqa: A002
        return super().start_activity(_marked(input))

    async def start_child_workflow(self, input: temporalio.worker.StartChildWorkflowInput) -> Any:  # noqa: A002
        return await super().start_child_workflow(_marked(input))

    async def signal_child_workflow(self, input: temporalio.worker.SignalChildWorkflowInput) -> None:  # noqa: A002
        await super().signal_child_workflow(_marked(input))

    async def signal_external_workflow(
        self,
        input: temporalio.worker.SignalExternalWorkflowInput,  # noqa: A002
    ) -> None:
        await super().signal_external_workflow(_marked(input))


def _marked(input: T) -> T:  # noqa: A002 - as the SDK calls it
    current = correlation_id.get()
    if current is None:
        return input
    input.headers = {**input.headers, HEADER: _CONVERTER.to_payload(current)}
    return input


def _act_on_behalf_of(headers: Headers) -> None:
    """For the rest of the task: each activity, workflow and handler is run as one of its own.

    Nothing is put back afterwards: a workflow that is thrown away in the middle is closed from another task.
    """
    correlation_id.set(_CONVERTER.from_payload(headers[HEADER], str) if HEADER in headers else None)
