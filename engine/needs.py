"""What a Temporal server must have before orders can be worked on."""

from datetime import timedelta

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

# A healthy server answers in milliseconds.
ANSWER_WITHIN = timedelta(seconds=2)

NOT_OURS = frozenset({RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNAUTHENTICATED})


async def what_is_missing(client: Client) -> str | None:
    """Return a sentence that says what to create or to mend; None when orders can be worked on.

    Asks for more than the standard health check, which says nothing of the database behind the server, nor of
    our namespace.
    """
    request = DescribeNamespaceRequest(namespace=client.namespace)
    try:
        await client.workflow_service.describe_namespace(request, timeout=ANSWER_WITHIN)
    except RPCError as error:
        return _sentence(error.status, client.namespace)
    return None


def _sentence(status: RPCStatusCode, namespace: str) -> str:
    if status is RPCStatusCode.NOT_FOUND:
        create = f"temporal operator namespace create --namespace {namespace}"
        return f"the server has no namespace {namespace!r}; create it: {create}"
    if status in NOT_OURS:
        return f"we may not use the namespace {namespace!r}; look at TEMPORAL_API_KEY and TEMPORAL_TLS_*"
    return f"the server does not answer ({status.name})"
