"""A stand-in for the supervisor: it says what the test tells it to."""

import asyncio

from supervisor.status import Component, ComponentState, ServerState, ServerStatus

NAMES = ("api", "temporal", "order-worker", "shipping-worker", "returns-worker")


class MadeUpProcesses:
    """Starts and stops nothing; `raises` is what the next start meets, `why` what is told of the missing."""

    def __init__(self) -> None:
        self.starts = 0
        self.raises: Exception | None = None
        self.missing: set[str] = set()
        self.why: str | None = None

    async def start(self) -> ServerStatus:
        self.starts += 1
        if self.raises is not None:
            raise self.raises
        await asyncio.sleep(0)
        return await self.status()

    async def status(self) -> ServerStatus:
        components = [
            Component(
                name=name,
                state=self._state_of(name),
                pid=4711,
                detail=self.why if name in self.missing else None,
            )
            for name in NAMES
        ]
        return ServerStatus(
            state=ServerState.DEGRADED if self.missing else ServerState.READY, components=components
        )

    async def stop(self) -> ServerStatus:
        return await self.status()

    def _state_of(self, name: str) -> ComponentState:
        return ComponentState.UNREACHABLE if name in self.missing else ComponentState.READY
