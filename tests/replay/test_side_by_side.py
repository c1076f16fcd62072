"""An old and a new build at work at once: each ends the orders it has begun."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from uuid import uuid4

import pytest
from temporalio import workflow
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import SetWorkerDeploymentCurrentVersionRequest
from temporalio.client import Client
from temporalio.common import WorkerDeploymentVersion
from temporalio.service import RPCError

from activities.racing import Tools
from domain.status import OrderStatus
from domain.tasks import OrderOutcome, OrderStart
from engine.payloads import data_converter
from hedge_state import HedgeState
from tests.shop.histories import kinds_in_history
from tests.shop.namespaces import register
from tests.shop.orders import PlacedOrder, an_order
from tests.shop.shop import EVERY_WORKER, Shop, open_shop
from tests.shop.waiting import eventually
from workers.order_worker import ORDER
from workers.spec import WorkerSpec, build_worker
from workflows.order_workflow import OrderWorkflow

AS_LONG = timedelta(seconds=60)
ONE_EVERY = timedelta(seconds=0.3)
A_PAUSE = timedelta(milliseconds=10)


@workflow.defn(name="OrderWorkflow")
class OtherOrderWorkflow(OrderWorkflow):
    """What no order of the old build could live with: something new comes first."""

    @workflow.run
    async def run(self, start: OrderStart) -> OrderOutcome:
        await workflow.sleep(A_PAUSE)
        return await super().run(start)


def of(build: str) -> WorkerDeploymentVersion:
    return WorkerDeploymentVersion(deployment_name=f"orders-{DEPLOYMENT}", build_id=build)


DEPLOYMENT = uuid4().hex[:8]
NEW_ORDER = WorkerSpec(queue=ORDER.queue, workflows=[OtherOrderWorkflow], rooms=ORDER.rooms)
BUILDS = {"old": EVERY_WORKER, "new": (NEW_ORDER, *EVERY_WORKER[1:])}


@pytest.fixture
async def shop(temporal_address: str, books: str) -> AsyncIterator[Shop]:
    """Both builds work for it, in a namespace of its own: elsewhere nobody is of the current version."""
    namespace = f"side-by-side-{DEPLOYMENT}"
    await register(await Client.connect(temporal_address), namespace)
    client = await Client.connect(temporal_address, namespace=namespace, data_converter=data_converter(()))
    async with open_shop(client, books, at_work=()) as shop, AsyncExitStack() as workers:
        tools = Tools(db=shop.db, dice=shop.dice, hedging=HedgeState())
        for build, specs in BUILDS.items():
            for spec in specs:
                await workers.enter_async_context(build_worker(spec, client, tools, version=of(build)))
        yield shop


async def make_current(client: Client, build: str) -> None:
    request = SetWorkerDeploymentCurrentVersionRequest(
        namespace=client.namespace, deployment_name=of(build).deployment_name, build_id=build
    )

    async def is_made() -> bool:
        try:
            await client.workflow_service.set_worker_deployment_current_version(request)
        except RPCError:
            return False
        return True

    await eventually(is_made, wanted=f"{build} as the current version")


async def place_for(shop: Shop, time: timedelta) -> list[PlacedOrder]:
    loop = asyncio.get_running_loop()
    ends_at, placed = loop.time() + time.total_seconds(), []
    while loop.time() < ends_at:
        placed.append(await shop.start(an_order()))
        await asyncio.sleep(ONE_EVERY.total_seconds())
    return placed


async def build_of(order: PlacedOrder) -> str:
    description = await order.handle.describe()
    return description.raw_description.workflow_execution_info.versioning_info.deployment_version.build_id


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_two_builds_work_side_by_side_without_a_failed_task(shop: Shop) -> None:
    await make_current(shop.client, "old")
    shop.dice.holds("deliver")
    before = await place_for(shop, AS_LONG / 2)

    await make_current(shop.client, "new")
    shop.dice.lets_go("deliver")
    after = await place_for(shop, AS_LONG / 2)

    for order in (*before, *after):
        assert await order.ends() is OrderStatus.COMPLETED
        assert EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED not in await kinds_in_history(order.handle)
    assert {await build_of(order) for order in before} == {"old"}
    assert await build_of(after[-1]) == "new"
    assert {await build_of(order) for order in after} <= {"old", "new"}
