"""Requests sent at a rate, whatever comes back: prebuilt bytes over connections that are kept open."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

from benchmarks.lines import Lines

# More than the API lets in at once, so that it is the API that turns away and not the sender that waits.
CONNECTIONS = 300

TICK = timedelta(milliseconds=10)


@dataclass(slots=True)
class Tally:
    """How many were answered with which status, and how long it took.

    `unsent` found no free connection; of `unanswered` ones the connection was closed.
    """

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    without_retry_after: int = 0
    unsent: int = 0
    unanswered: int = 0


class Sender:
    """Sends `request` to one port of this machine."""

    def __init__(self, port: int, request: bytes) -> None:
        self._lines = Lines(port)
        self._request = request
        self._under_way: set[asyncio.Task[None]] = set()

    @property
    def under_way(self) -> int:
        """Requests whose answer is not there yet."""
        return len(self._under_way)

    async def send(self, *, rate: float, lasts: timedelta) -> Tally:
        """Send at that rate for that long; return once every answer is there."""
        tally, began, sent = Tally(), time.monotonic(), 0
        while (passed := time.monotonic() - began) < lasts.total_seconds():
            self.send_some(int(rate * passed) - sent, tally)
            sent = max(sent, int(rate * passed))
            await asyncio.sleep(TICK.total_seconds())
        await self.all_answered()
        return tally

    def send_some(self, number: int, tally: Tally) -> None:
        for _ in range(number):
            if len(self._under_way) >= CONNECTIONS:
                tally.unsent += 1
                continue
            task = asyncio.create_task(self._ask(tally))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def all_answered(self) -> None:
        await asyncio.gather(*self._under_way)

    async def close(self) -> None:
        await self._lines.close()

    async def _ask(self, tally: Tally) -> None:
        began = time.monotonic()
        try:
            answer = await self._lines.exchange(self._request)
        except (OSError, asyncio.IncompleteReadError):
            tally.unanswered += 1
            return
        tally.seconds.append(time.monotonic() - began)
        tally.statuses[answer.status] += 1
        if answer.status in (429, 503) and b"retry-after:" not in answer.head.lower():
            tally.without_retry_after += 1


def a_post(path: str, body: bytes, port: int) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
    return head.encode() + f"Content-Length: {len(body)}\r\n\r\n".encode() + body
