"""What a worker is made of, and how its Temporal worker is built: one place for every option."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.worker import (
    PollerBehaviorSimpleMaximum,
    UnsandboxedWorkflowRunner,
    Worker,
    WorkerDeploymentConfig,
)

from activities.journal import Journal
from activities.own_books import OwnBooks
from activities.racing import Activities, Tools
from activities.translation import FaultTranslation
from config.queues import TaskQueue

# A killed worker's orders wait this long for it before another takes them over.
STICKY_TIMEOUT = timedelta(seconds=1)

# What is in flight when a worker is asked to stop may end within this.
DRAIN = timedelta(seconds=5)

# Heartbeats carry the race's live attempts; one that is held back longer shows old news.
HEARTBEAT_THROTTLE = timedelta(seconds=0.2)

# So many requests for the next step of an order are open at once. With the SDK's five and 50 orders in flight
# steps waited for longer than STICKY_TIMEOUT, and their orders were then replayed from the beginning.
WORKFLOW_POLLERS = 20

# No sandbox: all our modules would have to be passed through, or be copied whenever a workflow starts, so it
# would guard nothing, and cost a quarter of the worker's CPU. tests/architecture/test_determinism.py guards.
WORKFLOW_RUNNER = UnsandboxedWorkflowRunner


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSpec:
    """One worker in a sentence: its queue, its workflows, and the rooms whose activities it runs."""

    queue: TaskQueue
    workflows: Sequence[type]
    rooms: Sequence[type[Activities]]


def build_worker(
    spec: WorkerSpec,
    client: Client,
    tools: Tools,
    *,
    activities: int | None = None,
    version: WorkerDeploymentVersion | None = None,
) -> Worker:
    """Return the Temporal worker of `spec`, not yet running; it works on so many `activities` at once, or as
    many as the SDK thinks right.

    With a `version`, it begins orders when that is the current one, and ends those it has begun.
    """
    return Worker(
        client,
        task_queue=spec.queue,
        workflows=spec.workflows,
        activities=[deed for room in spec.rooms for deed in room(tools).all()],
        max_concurrent_activities=activities,
        workflow_task_poller_behavior=PollerBehaviorSimpleMaximum(WORKFLOW_POLLERS),
        interceptors=[FaultTranslation(), OwnBooks(tools.db), Journal()],
        workflow_runner=WORKFLOW_RUNNER(),
        sticky_queue_schedule_to_start_timeout=STICKY_TIMEOUT,
        graceful_shutdown_timeout=DRAIN,
        default_heartbeat_throttle_interval=HEARTBEAT_THROTTLE,
        max_heartbeat_throttle_interval=HEARTBEAT_THROTTLE,
        deployment_config=_deployment(version) if version else None,
    )


def _deployment(version: WorkerDeploymentVersion) -> WorkerDeploymentConfig:
    """An order ends on the build it was begun with: it takes seconds, and then no build need know another."""
    return WorkerDeploymentConfig(
        version=version,
        use_worker_versioning=True,
        default_versioning_behavior=VersioningBehavior.PINNED,
    )
