"""The shop: database, workers, dice and doors, all new for one test, on a Temporal server that stays."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from uuid import uuid4

from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError
from temporalio.worker import Worker

from activities.racing import Tools
from config.queues import TaskQueue
from db.books import add_order
from db.database import Database
from db.schema import migrate
from domain.events import CUSTOMER
from domain.orders import OrderId, return_workflow_id
from domain.tasks import OrderOutcome, OrderStart, ReturnOutcome
from function_stubs import payment_provider
from hedge_state import HedgeState
from signals import ReturnRequest
from tests.shop.agreement import assert_books_agree
from tests.shop.dice import ScriptedDice
from tests.shop.doors import Doors
from tests.shop.orders import HOME, PlacedOrder, Wanted
from workers.order_worker import ORDER
from workers.returns_worker import RETURNS
from workers.shipping_worker import SHIPPING
from workers.spec import WorkerSpec, build_worker
from workflows.deeds import WORKFLOW_TASK_TIMEOUT
from workflows.order_workflow import OrderWorkflow
from workflows.return_workflow import ReturnWorkflow

T = TypeVar("T")

EVERY_WORKER = (ORDER, SHIPPING, RETURNS)
RETURN_WINDOW = timedelta(seconds=300)


class Shop:
    """Takes orders; `dice` script the flaky calls, `doors` stop an activity at one of its ends."""

    def __init__(self, client: Client, db: Database, tag: str) -> None:
        self.client = _with_doors(client, doors := Doors())
        self.db = db
        self.tag = tag
        self.dice = ScriptedDice()
        self.doors = doors
        self._tools = Tools(db=db, dice=self.dice, hedging=HedgeState())
        self._at_work: dict[str, Worker] = {}
        self._orders: list[PlacedOrder] = []
        self._meanwhile: list[asyncio.Task[Any]] = []

    async def start(self, wanted: Wanted) -> PlacedOrder:
        """Place the order, as the API would."""
        placed = await self.db.write(partial(add_order, tag=self.tag, address=HOME, items=wanted.items))
        start = OrderStart(order_id=placed.order_id, address=HOME, budget=wanted.budget, review=wanted.review)
        handle = await self.client.start_workflow(
            OrderWorkflow.run,
            start,
            id=placed.workflow_id,
            task_queue=TaskQueue.ORDER,
            task_timeout=WORKFLOW_TASK_TIMEOUT,
        )
        return self.adopt(placed.order_id, handle)

    def adopt(self, order_id: OrderId, handle: WorkflowHandle[OrderWorkflow, OrderOutcome]) -> PlacedOrder:
        """See to it that the order's workflow ends with the shop."""
        self._orders.append(order := PlacedOrder(order_id, handle, self.client, self.db))
        return order

    async def take_back(
        self, order: PlacedOrder, *, requested_at: datetime, command_id: str | None = None
    ) -> ReturnOutcome:
        """Ask for the order's return, as the API would."""
        request = ReturnRequest(
            order_id=order.id,
            command_id=command_id or uuid4().hex,
            actor=CUSTOMER,
            requested_at=requested_at,
            window=RETURN_WINDOW,
        )
        return await self.client.execute_workflow(
            ReturnWorkflow.run,
            request,
            id=return_workflow_id(self.tag, order.id, request.command_id),
            task_queue=TaskQueue.RETURNS,
            task_timeout=WORKFLOW_TASK_TIMEOUT,
        )

    async def provider_charges(self, order: PlacedOrder) -> None:
        """The provider has charged, and its answer never came."""
        cents = (await order.row()).amount_cents
        await self.db.write(partial(payment_provider.charge, order_id=order.id, amount_cents=cents))

    def meanwhile(self, deed: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Begin `deed`, to be awaited later; one that a failing test leaves behind ends with the shop."""
        self._meanwhile.append(task := asyncio.create_task(deed))
        return task

    async def begin_work(self, *specs: WorkerSpec) -> None:
        for spec in specs:
            self._at_work[spec.queue] = worker = build_worker(spec, self.client, self._tools)
            await worker.__aenter__()

    async def stop_work(self, *specs: WorkerSpec) -> None:
        """Return once these workers have drained and poll no more."""
        workers = [self._at_work.pop(spec.queue) for spec in specs]
        await asyncio.gather(*(worker.__aexit__(None, None, None) for worker in workers))

    async def close(self) -> None:
        """Let go of whatever is held, leave no workflow running, and hold the books to their rules."""
        self.dice.lets_everything_go()
        self.doors.open_all()
        await asyncio.gather(*(_end(order.handle) for order in self._orders))
        await self._forget_the_meanwhile()
        await self.stop_work(*(spec for spec in EVERY_WORKER if spec.queue in self._at_work))
        await self.db.read(assert_books_agree)

    async def _forget_the_meanwhile(self) -> None:
        for task in self._meanwhile:
            task.cancel()
        await asyncio.gather(*self._meanwhile, return_exceptions=True)


@asynccontextmanager
async def open_shop(
    client: Client, url: str, *, at_work: Sequence[WorkerSpec] = EVERY_WORKER
) -> AsyncIterator[Shop]:
    tag = await asyncio.to_thread(migrate, url)
    db = Database(url)
    shop = Shop(client, db, tag)
    try:
        await shop.begin_work(*at_work)
        yield shop
    finally:
        await shop.close()
        db.close()


def _with_doors(client: Client, doors: Doors) -> Client:
    """A worker takes its client's interceptors over, so that workers can be built as in production."""
    config = client.config()
    config["interceptors"] = [*config["interceptors"], doors]
    return Client(**config)


async def _end(handle: WorkflowHandle[OrderWorkflow, object]) -> None:
    with suppress(RPCError):
        await handle.terminate("the test is over")
