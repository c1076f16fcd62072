"""A namespace of a test's own on the server that stays."""

from datetime import timedelta

from google.protobuf.duration_pb2 import Duration
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client

from engine.needs import what_is_missing
from tests.shop.servers import add_search_attributes
from tests.shop.waiting import eventually

KEPT = timedelta(days=1)


async def register(client: Client, namespace: str) -> None:
    """The namespace is there, with all that orders need."""
    request = RegisterNamespaceRequest(
        namespace=namespace,
        workflow_execution_retention_period=Duration(seconds=int(KEPT.total_seconds())),
    )
    await client.workflow_service.register_namespace(request)
    there = await Client.connect(client.service_client.config.target_host, namespace=namespace)

    async def lacks_no_more_than_attributes() -> bool:
        return "search attribute" in str(await what_is_missing(there))

    async def lacks_nothing() -> bool:
        return await what_is_missing(there) is None

    await eventually(lacks_no_more_than_attributes, wanted=f"the namespace {namespace}")
    await add_search_attributes(there)
    await eventually(lacks_nothing, wanted=f"the search attributes of {namespace}")
