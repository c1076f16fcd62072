"""Workers to compare ours with, set up alike: `python -m benchmarks.workers CONTENDER QUEUE`."""

import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from activities import racing
from benchmarks.contenders import seven_at_once
from benchmarks.floor import FloorActivities, FloorOrder, FloorShipping
from config.queues import TaskQueue
from workers.order_worker import ORDER
from workers.process import main
from workers.returns_worker import RETURNS
from workers.shipping_worker import SHIPPING
from workers.spec import WorkerSpec

FLOOR, SEVEN_AT_ONCE = "floor", "seven-at-once"


def _floor(queue: TaskQueue, workflows: Sequence[type]) -> WorkerSpec:
    return WorkerSpec(queue=queue, workflows=workflows, rooms=[FloorActivities])


WORKERS = {
    FLOOR: {
        "order": _floor(TaskQueue.ORDER, [FloorOrder]),
        "shipping": _floor(TaskQueue.SHIPPING, [FloorShipping]),
    },
    SEVEN_AT_ONCE: {"order": ORDER, "shipping": SHIPPING, "returns": RETURNS},
}


async def raced_plainly(call: Callable[[], Awaitable[Any]], **_: Any) -> Any:
    """Stand in for our race, whatever number of hedges is asked for."""
    return await seven_at_once(call)


if __name__ == "__main__":
    contender, queue = sys.argv[1:]
    if contender == SEVEN_AT_ONCE:
        setattr(racing, "run_with_hedges", raced_plainly)  # noqa: B010 - a strawman in its place
    main(WORKERS[contender][queue])
