"""Where a life can end: before and after each write of the books and each call to Temporal.

Only a process of a trial has them: they are put over the seams of the database and of the SDK when it begins.
"""

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import temporalio.bridge.client
import temporalio.bridge.worker
from sqlalchemy.exc import OperationalError
from temporalio.service import RPCError, RPCStatusCode

import main
import workers.process
from db.mishaps import Mischief

# As a process that was killed ends, seen from outside.
KILLED = 137

# Those that orders depend on; whether the server is there is asked at any moment.
RPCS = frozenset({"start_workflow_execution", "update_workflow_execution", "poll_workflow_execution_update"})


class When(StrEnum):
    """Killed before the call or after it; or nobody is killed, but what was done is reported as failed."""

    BEFORE = "before"
    AFTER = "after"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Death:
    """At which call, counted from 1, and on which side of it."""

    at: int
    when: When


class Seams(Mischief):
    """Counts the calls in `notes`, a line each, and ends the process where `death` says."""

    def __init__(self, notes: Path, death: Death | None) -> None:
        super().__init__()
        self._notes = notes
        self._death = death
        self._calls = 0

    def put_on(self) -> None:
        """Over the books' writes, the workers' answers to the server, and the API's requests to it."""
        main.Mischief = workers.process.Mischief = lambda _: self  # type: ignore[attr-defined, assignment, misc]
        core, client = temporalio.bridge.worker.Worker, temporalio.bridge.client.Client
        core.complete_workflow_activation = self._over(core.complete_workflow_activation, "workflow task")  # type: ignore[method-assign]
        core.complete_activity_task = self._over(core.complete_activity_task, "activity")  # type: ignore[method-assign]
        client.call = self._over_rpc(client.call)  # type: ignore[method-assign]

    def before_commit(self) -> None:
        self._begin("write")
        self._die(When.BEFORE)

    def after_commit(self) -> None:
        self._die(When.AFTER)
        if self._is_due(When.LOST):
            raise OperationalError("COMMIT", None, Exception("the answer was lost"))

    def _over(self, call: Callable[..., Awaitable[Any]], name: str) -> Any:
        """The answer to one of these is the core's own affair: it cannot be lost."""

        async def seam(*args: Any, **more: Any) -> Any:
            self._begin(name)
            self._die(When.BEFORE)
            answer = await call(*args, **more)
            self._die(When.AFTER)
            return answer

        return seam

    def _over_rpc(self, call: Callable[..., Awaitable[Any]]) -> Any:
        async def seam(*args: Any, rpc: str, **more: Any) -> Any:
            if rpc not in RPCS:
                return await call(*args, rpc=rpc, **more)
            answer = await self._over(call, rpc)(*args, rpc=rpc, **more)
            if self._is_due(When.LOST):
                raise RPCError("the answer was lost", RPCStatusCode.UNAVAILABLE, b"")
            return answer

        return seam

    def _begin(self, name: str) -> None:
        self._calls += 1
        with self._notes.open("a") as notes:
            notes.write(f"{name}\n")

    def _is_due(self, when: When) -> bool:
        return self._death == Death(at=self._calls, when=when)

    def _die(self, when: When) -> None:
        if self._is_due(when):
            with self._notes.open("a") as notes:
                notes.write("died\n")
            os._exit(KILLED)
