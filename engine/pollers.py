"""Who polls a task queue."""

import socket
from datetime import UTC, datetime, timedelta

import psutil
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue as TaskQueueName
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client

from config.queues import TaskQueue

BOTH_KINDS = (TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY)

# Describing a queue takes milliseconds; a server that needs longer is in no state to tell.
ANSWER_WITHIN = timedelta(seconds=2)

# A poll lasts a minute at most, so a worker that was not heard of for longer is gone.
LIVES = timedelta(seconds=70)

# Longer than the server remembers anybody.
AS_LONG_AS_LISTED = timedelta(hours=1)


def worker_identity(name: str, pid: int) -> str:
    """What the worker `name` with `pid` on this machine calls itself, such as order-worker/4711@box."""
    return f"{name}/{pid}@{socket.gethostname()}"


def has_ended_here(identity: str) -> bool:
    """Whether `identity` is a worker's that ran on this machine and is no more; of others we cannot know."""
    worker, _, host = identity.rpartition("@")
    pid = worker.rpartition("/")[2]
    return host == socket.gethostname() and pid.isdecimal() and not psutil.pid_exists(int(pid))


async def pollers_of(
    client: Client,
    queue: TaskQueue,
    *,
    seen_within: timedelta = AS_LONG_AS_LISTED,
) -> frozenset[str]:
    """Return the identities of the workers that poll `queue`, for workflows and for activities.

    The server lists a poller for five minutes after its last poll, so a dead worker's is among them unless
    less than that is asked for. Raises RPCError when the server does not answer.
    """
    since = datetime.now(UTC) - seen_within
    return frozenset.intersection(*[await _pollers_for(client, queue, kind, since) for kind in BOTH_KINDS])


async def living_pollers_of(
    client: Client, queue: TaskQueue, *, leeway: timedelta = timedelta()
) -> frozenset[str]:
    """As pollers_of, but for those who are gone; `leeway`: how far the server's clock may be off."""
    listed = await pollers_of(client, queue, seen_within=LIVES + leeway)
    return frozenset(identity for identity in listed if not has_ended_here(identity))


async def _pollers_for(
    client: Client, queue: TaskQueue, kind: TaskQueueType.ValueType, since: datetime
) -> frozenset[str]:
    request = DescribeTaskQueueRequest(
        namespace=client.namespace, task_queue=TaskQueueName(name=queue), task_queue_type=kind
    )
    answer = await client.workflow_service.describe_task_queue(request, timeout=ANSWER_WITHIN)
    return frozenset(
        poller.identity
        for poller in answer.pollers
        if poller.last_access_time.ToDatetime(tzinfo=UTC) >= since
    )
