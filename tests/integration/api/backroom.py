"""What works behind the API: a Temporal server and the three workers, in a thread and a loop of their own."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from threading import Thread

from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from activities.racing import Tools
from bootstrap.temporal_cli import find_temporal_cli
from config.attributes import ORDER_STATUS
from db.database import Database
from db.schema import migrate
from hedge_state import HedgeState
from supervisor.temporal_server import DYNAMIC_CONFIG
from tests.integration.api.dice import SettableDice
from workers.order_worker import ORDER
from workers.returns_worker import RETURNS
from workers.shipping_worker import SHIPPING
from workers.spec import build_worker


@dataclass(frozen=True, slots=True, kw_only=True)
class Backroom:
    """`tag` is the database's own; `temporal_address` is the server's host:port."""

    database_url: str
    tag: str
    db: Database
    dice: SettableDice
    temporal_address: str


@contextmanager
def a_backroom(url: str) -> Iterator[Backroom]:
    """Everything runs, over the database at `url`, until the block ends."""
    tag, db, dice = migrate(url), Database(url), SettableDice()
    with _running(db, dice) as address:
        yield Backroom(database_url=url, tag=tag, db=db, dice=dice, temporal_address=address)
    db.close()


@contextmanager
def _running(db: Database, dice: SettableDice) -> Iterator[str]:
    started: Future[tuple[str, asyncio.AbstractEventLoop, asyncio.Event]] = Future()
    thread = Thread(target=lambda: asyncio.run(_run(db, dice, started)), name="backroom")
    thread.start()
    address, loop, stop = started.result()
    yield address
    loop.call_soon_threadsafe(stop.set)
    thread.join()


async def _run(
    db: Database, dice: SettableDice, started: "Future[tuple[str, asyncio.AbstractEventLoop, asyncio.Event]]"
) -> None:
    stop = asyncio.Event()
    try:
        async with _temporal() as server, AsyncExitStack() as workers:
            tools = Tools(db=db, dice=dice, hedging=HedgeState())
            for spec in (ORDER, SHIPPING, RETURNS):
                await workers.enter_async_context(build_worker(spec, server.client, tools))
            address = server.client.service_client.config.target_host
            started.set_result((address, asyncio.get_running_loop(), stop))
            await stop.wait()
    except BaseException as error:
        if not started.done():
            started.set_exception(error)
        raise


@asynccontextmanager
async def _temporal() -> AsyncIterator[WorkflowEnvironment]:
    config = [f"{name}={value}" for name, value in DYNAMIC_CONFIG.items()]
    server = await WorkflowEnvironment.start_local(
        dev_server_existing_path=str(find_temporal_cli(None)),
        dev_server_extra_args=[word for entry in config for word in ("--dynamic-config-value", entry)],
        data_converter=pydantic_data_converter,
        search_attributes=[ORDER_STATUS],
    )
    try:
        yield server
    finally:
        await server.shutdown()
