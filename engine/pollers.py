"""Who polls a task queue."""

import socket
from collections.abc import Sequence
from datetime import timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue as TaskQueueName
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client

from config.queues import TaskQueue

BOTH_KINDS = (TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY)

# Describing a queue takes milliseconds; a server that needs longer is in no state to tell.
ANSWER_WITHIN = timedelta(seconds=2)


def worker_identity(name: str, pid: int) -> str:
    """What the worker `name` with `pid` on this machine calls itself, such as order-worker/4711@box."""
    return f"{name}/{pid}@{socket.gethostname()}"


async def pollers_of(
    client: Client, queue: TaskQueue, kinds: Sequence[TaskQueueType.ValueType] = BOTH_KINDS
) -> frozenset[str]:
    """Return the identities of the workers that poll `queue` for every one of `kinds`.

    The server lists a poller for five minutes after its last poll, so a dead worker's is among them.
    Raises RPCError when the server does not answer.
    """
    return frozenset.intersection(*[await _pollers_for(client, queue, kind) for kind in kinds])


async def _pollers_for(client: Client, queue: TaskQueue, kind: TaskQueueType.ValueType) -> frozenset[str]:
    request = DescribeTaskQueueRequest(
        namespace=client.namespace, task_queue=TaskQueueName(name=queue), task_queue_type=kind
    )
    answer = await client.workflow_service.describe_task_queue(request, timeout=ANSWER_WITHIN)
    return frozenset(poller.identity for poller in answer.pollers)
