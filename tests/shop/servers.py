"""The two Temporal servers of the tests: a real one, and one whose clock skips what nobody waits for."""

import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from config.attributes import ORDER_STATUS, SEARCH_ATTRIBUTES
from supervisor.temporal_server import DYNAMIC_CONFIG

# A machine busy with other tests takes longer than the SDK's five seconds.
START_WITHIN = timedelta(seconds=30)


@asynccontextmanager
async def real_server() -> AsyncIterator[WorkflowEnvironment]:
    """A dev server in memory, on a free port, told what the embedded one is told."""
    settings = [f"{name}={value}" for name, value in DYNAMIC_CONFIG.items()]
    environment = await WorkflowEnvironment.start_local(
        data_converter=pydantic_data_converter,
        search_attributes=[ORDER_STATUS],
        dev_server_existing_path=_program("temporal"),
        dev_server_log_level="error",
        dev_server_extra_args=[word for one in settings for word in ("--dynamic-config-value", one)],
        dev_server_startup_timeout=START_WITHIN,
    )
    async with environment:
        yield environment


@asynccontextmanager
async def time_skipping_server() -> AsyncIterator[WorkflowEnvironment]:
    """A test server on a free port; its one clock is every workflow's, so it is for one test at a time."""
    environment = await WorkflowEnvironment.start_time_skipping(
        data_converter=pydantic_data_converter,
        test_server_existing_path=_program("temporal-test-server"),
        test_server_startup_timeout=START_WITHIN,
    )
    async with environment:
        await add_search_attributes(environment.client)
        yield environment


async def add_search_attributes(client: Client) -> None:
    """Orders can be searched for in the client's namespace."""
    keyword = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
    await client.operator_service.add_search_attributes(
        AddSearchAttributesRequest(
            namespace=client.namespace, search_attributes=dict.fromkeys(SEARCH_ATTRIBUTES, keyword)
        )
    )


def _program(name: str) -> str:
    """The path of a program of this environment, or else of PATH."""
    folders = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    found = shutil.which(name, path=folders)
    assert found is not None, f"{name} is not installed: ./bootstrap.sh --dev"
    return found
