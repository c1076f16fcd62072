"""Whether what was started works, by Temporal's own word."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from config.settings import Settings
from engine.connection import connect
from engine.pollers import pollers_of, worker_identity
from supervisor.processes import ProcessSpec

# A healthy server answers in milliseconds.
ANSWER_WITHIN = timedelta(seconds=2)


class Lookout:
    """Asks the Temporal server that `settings` name; keeps its connection until it fails."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: Client | None = None

    async def temporal_answers(self) -> bool:
        """Whether the server is reachable and has our namespace."""
        try:
            async with asyncio.timeout(ANSWER_WITHIN.total_seconds()):
                await self._ask()
                return True
        except (RuntimeError, RPCError, TimeoutError):
            self.forget()
            return False

    async def polls(self, spec: ProcessSpec, pids: Iterable[int]) -> bool | None:
        """Whether one of `pids` polls the queue of `spec`; None if the server does not tell."""
        if spec.queue is None or self._client is None:
            return None
        try:
            polling = await pollers_of(self._client, spec.queue)
        except RPCError:
            return None
        return any(worker_identity(spec.name, pid) in polling for pid in pids)

    def forget(self) -> None:
        """Let go of the connection; the next question makes a new one."""
        self._client = None

    async def _ask(self) -> None:
        # More than the standard health check: that says nothing of the database behind, or of our namespace.
        if self._client is None:
            self._client = await connect(self._settings)
        await self._client.workflow_service.describe_namespace(
            DescribeNamespaceRequest(namespace=self._client.namespace)
        )
