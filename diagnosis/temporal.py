"""The Temporal server: does it answer, has it what we need, what time is it there, and who works?"""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue as TaskQueueName
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest, PollActivityTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError

from bootstrap.findings import Finding, fault, note, well
from config.queues import TaskQueue
from config.settings import Settings
from db.books import now
from diagnosis.books import CLOCKS_MAY_DIFFER_BY, Now, compared
from engine.connection import connect, first_line, temporal_address
from engine.needs import what_is_missing
from engine.pollers import living_pollers_of

# A healthy server answers in milliseconds; one elsewhere may be reached by a slow handshake.
ANSWERS_WITHIN = timedelta(seconds=5)

# A queue that nothing is ever put in: whoever asks there is noted down with the server's time.
CLOCK_QUEUE = "doctor"
LOOK_EVERY = timedelta(milliseconds=20)


async def reach(settings: Settings) -> Client | str:
    """Return a client of the server, or what keeps orders from being worked on there."""
    try:
        async with asyncio.timeout(ANSWERS_WITHIN.total_seconds()):
            client = await connect(settings, identity=CLOCK_QUEUE)
            return await what_is_missing(client) or client
    except TimeoutError:
        return "the server does not answer"
    except (RuntimeError, RPCError) as error:
        return first_line(error)


def unreached(settings: Settings, why: str, owner: int | None) -> Finding:
    """Only a server that should be there is missed."""
    address = temporal_address(settings)
    if not settings.uses_embedded_temporal:
        return fault("server", f"{address}: {why}", "mend that, or TEMPORAL_* in .env")
    if owner is None:
        return note("server", f"nothing listens at {address}: the system does not run", "./start")
    log = settings.data_dir / "logs" / "temporal.log"
    fix = f"curl -X POST localhost:{settings.api_port}/server/start; its log is {log}"
    return fault("server", f"{address}: {why}, though process {owner} looks after it", fix)


async def examine(client: Client, settings: Settings, clock: Now = now) -> AsyncIterator[Finding]:
    """Say what time it is there, and which queues are polled."""
    yield well("server", f"{temporal_address(settings)} answers")
    asked_at = clock()
    told = await _time_at(client)
    if told is None:
        yield note("server's clock", "the server does not tell")
    else:
        yield compared("server's clock", told, asked_at)
    for queue in TaskQueue:
        yield await _workers(client, queue)


async def _workers(client: Client, queue: TaskQueue) -> Finding:
    if alive := await living_pollers_of(client, queue, leeway=CLOCKS_MAY_DIFFER_BY):
        return well(queue.worker, f"polled by {', '.join(sorted(alive))}")
    fix = f"./start, POST /server/start, or by hand: .venv/bin/python -m workers.{queue}_worker"
    return fault(queue.worker, f"nobody polls the queue {queue!r}: orders wait there", fix)


async def _time_at(client: Client) -> datetime | None:
    """Ask for work that is never there, and read when the server saw us ask."""
    asking = PollActivityTaskQueueRequest(
        namespace=client.namespace, task_queue=TaskQueueName(name=CLOCK_QUEUE), identity=CLOCK_QUEUE
    )
    asked = asyncio.create_task(
        client.workflow_service.poll_activity_task_queue(asking, timeout=ANSWERS_WITHIN)
    )
    try:
        while not asked.done():
            if seen := await _last_asked(client):
                return seen
            await asyncio.sleep(LOOK_EVERY.total_seconds())
    finally:
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
    return None


async def _last_asked(client: Client) -> datetime | None:
    described = await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=client.namespace,
            task_queue=TaskQueueName(name=CLOCK_QUEUE),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
        ),
        timeout=ANSWERS_WITHIN,
    )
    return max((each.last_access_time.ToDatetime(tzinfo=UTC) for each in described.pollers), default=None)
