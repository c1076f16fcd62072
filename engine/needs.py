"""What a Temporal server must have before orders can be worked on."""

from collections.abc import Set
from datetime import timedelta

from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from config.attributes import SEARCH_ATTRIBUTES

# A healthy server answers in milliseconds.
ANSWER_WITHIN = timedelta(seconds=2)

# Whoever may not ask what there is to search by, may well use it.
DOES_NOT_TELL = frozenset({RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNIMPLEMENTED})

NOT_OURS = frozenset({RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNAUTHENTICATED})


async def what_is_missing(client: Client) -> str | None:
    """Return a sentence that says what to create or to mend; None when orders can be worked on.

    Asks for more than the standard health check, which says nothing of the database behind the server, nor of
    our namespace.
    """
    request = DescribeNamespaceRequest(namespace=client.namespace)
    try:
        described = await client.workflow_service.describe_namespace(request, timeout=ANSWER_WITHIN)
        unknown = SEARCH_ATTRIBUTES.keys() - described.config.custom_search_attribute_aliases.values()
        return await _lacking(client, unknown) if unknown else None
    except RPCError as error:
        return _sentence(error.status, client.namespace)


async def _lacking(client: Client, attributes: Set[str]) -> str | None:
    """A server whose search is not of its own database does not tell with the namespace."""
    request = ListSearchAttributesRequest(namespace=client.namespace)
    try:
        known = await client.operator_service.list_search_attributes(request, timeout=ANSWER_WITHIN)
    except RPCError as error:
        if error.status in DOES_NOT_TELL:
            return None
        raise
    for name in sorted(attributes - set(known.custom_attributes)):
        create = f"temporal operator search-attribute create --namespace {client.namespace}"
        create += f" --name {name} --type {SEARCH_ATTRIBUTES[name]}"
        return f"the namespace {client.namespace!r} has no search attribute {name}; create it: {create}"
    return None


def _sentence(status: RPCStatusCode, namespace: str) -> str:
    if status is RPCStatusCode.NOT_FOUND:
        create = f"temporal operator namespace create --namespace {namespace}"
        return f"the server has no namespace {namespace!r}; create it: {create}"
    if status in NOT_OURS:
        return f"we may not use the namespace {namespace!r}; look at TEMPORAL_API_KEY and TEMPORAL_TLS_*"
    return f"the server does not answer ({status.name})"
