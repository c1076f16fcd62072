"""Workers to compare ours with, set up alike: `python -m benchmarks.workers CONTENDER QUEUE`."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from activities import racing
from benchmarks.contenders import CALL_TIMEOUT_SECONDS, HEDGES
from benchmarks.floor import FloorActivities, FloorOrder, FloorShipping
from config.queues import TaskQueue
from domain.faults import DeadlineFault, Fault
from workers.order_worker import ORDER
from workers.process import main
from workers.returns_worker import RETURNS
from workers.shipping_worker import SHIPPING
from workers.spec import WorkerSpec

FLOOR, SEVEN_AT_ONCE = "floor", "seven-at-once"


def _floor(queue: TaskQueue, workflows: Sequence[type]) -> WorkerSpec:
    return WorkerSpec(name=f"{queue}-worker", queue=queue, workflows=workflows, rooms=[FloorActivities])


WORKERS = {
    FLOOR: {
        "order": _floor(TaskQueue.ORDER, [FloorOrder]),
        "shipping": _floor(TaskQueue.SHIPPING, [FloorShipping]),
    },
    SEVEN_AT_ONCE: {"order": ORDER, "shipping": SHIPPING, "returns": RETURNS},
}


async def seven_at_once(call: Callable[[], Awaitable[Any]], **_: Any) -> Any:
    """Return the first success of seven that start together; raise DeadlineFault if a second brings none."""
    running = [asyncio.ensure_future(call()) for _ in range(HEDGES)]
    try:
        async with asyncio.timeout(CALL_TIMEOUT_SECONDS):
            return await _first_success(running)
    except TimeoutError:
        raise DeadlineFault("no winner within a second") from None
    finally:
        for attempt in running:
            attempt.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _first_success(running: Sequence[asyncio.Future[Any]]) -> Any:
    for next_ended in asyncio.as_completed(running):
        try:
            return await next_ended
        except Fault:
            continue
    raise DeadlineFault("all seven failed")


if __name__ == "__main__":
    contender, queue = sys.argv[1:]
    if contender == SEVEN_AT_ONCE:
        setattr(racing, "run_with_hedges", seven_at_once)  # noqa: B010 - a strawman in its place
    main(WORKERS[contender][queue])
