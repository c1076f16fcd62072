"""A real worker with nothing to do; its arguments: `NAME QUEUE PORT`."""

import asyncio
import gc
import os
import signal
import sys

from temporalio import activity, workflow
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from config.settings import Settings
from engine.connection import connect_with_patience
from engine.pollers import worker_identity


@workflow.defn
class Nothing:
    """A workflow, so that the worker polls for workflow tasks."""

    @workflow.run
    async def run(self) -> None:
        """Be over."""


@activity.defn
async def nothing() -> None:
    """An activity, so that the worker polls for activity tasks."""


async def work(name: str, queue: str, port: int) -> None:
    """Poll until asked to end, then say so."""
    asked_to_end = asyncio.Event()
    loop = asyncio.get_running_loop()
    asked_by = getattr(signal, "SIGBREAK", signal.SIGTERM)
    signal.signal(asked_by, lambda *_: loop.call_soon_threadsafe(asked_to_end.set))
    identity = worker_identity(name, os.getpid())
    client = await connect_with_patience(Settings(temporal_port=port), identity=identity)
    async with Worker(
        client,
        task_queue=queue,
        workflows=[Nothing],
        activities=[nothing],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        await asked_to_end.wait()
    print("drained", flush=True)


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], sys.argv[2], int(sys.argv[3])))
    gc.collect()
