"""Orders of seven flaky stages, one after the other, on a virtual clock: what they took and cost."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil

from benchmarks.contenders import Contender
from benchmarks.stubs import FlakyStub, Mix
from benchmarks.virtual_clock import run_virtually

STAGES = tuple(f"stage {number}" for number in range(1, 8))

# Before the count begins, for every contender alike: those that learn have learned by then.
WARM_UP_ORDERS = 100

# Temporal's own policy for activities, unless told otherwise.
FIRST_RETRY_SECONDS, RETRY_BACKOFF, LONGEST_RETRY_SECONDS = 1.0, 2.0, 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One policy against one stub; times are an order's, in seconds.

    `surplus` are successful executions nobody asked for, a stage; `leaked` attempts still running when
    their call had returned, in all.
    """

    stub: str
    policy: str
    orders: int
    attempts: float
    surplus: float
    leaked: int
    mean: float
    p50: float
    p99: float
    p999: float
    p9999: float


def measure(policy: str, make: Callable[[Mix], Contender], mix: Mix, *, orders: int, seed: int) -> Row:
    """Run the orders, after the warm-up, and add them up."""
    return run_virtually(_measure(policy, make, mix, orders, seed))


async def _measure(policy: str, make: Callable[[Mix], Contender], mix: Mix, orders: int, seed: int) -> Row:
    contender, stub = make(mix), FlakyStub(mix, seed)
    await _run(contender, stub, WARM_UP_ORDERS)
    stub.attempts = stub.successes = stub.leaked = 0
    seconds = await _run(contender, stub, orders)
    seconds.sort()
    stages = orders * len(STAGES)
    return Row(
        stub=mix.name,
        policy=policy,
        orders=orders,
        attempts=stub.attempts / stages,
        surplus=stub.successes / stages - 1,
        leaked=stub.leaked,
        mean=sum(seconds) / orders,
        p50=percentile(seconds, 0.50),
        p99=percentile(seconds, 0.99),
        p999=percentile(seconds, 0.999),
        p9999=percentile(seconds, 0.9999),
    )


async def _run(contender: Contender, stub: FlakyStub, orders: int) -> list[float]:
    loop, seconds = asyncio.get_running_loop(), []
    for _ in range(orders):
        began = loop.time()
        for stage in STAGES:
            await _until_it_succeeds(contender, stage, stub)
        seconds.append(loop.time() - began)
    return seconds


async def _until_it_succeeds(contender: Contender, stage: str, stub: FlakyStub) -> None:
    pause = FIRST_RETRY_SECONDS
    while not await _succeeds(contender, stage, stub):
        await asyncio.sleep(pause)
        pause = min(pause * RETRY_BACKOFF, LONGEST_RETRY_SECONDS)


async def _succeeds(contender: Contender, stage: str, stub: FlakyStub) -> bool:
    running_before = stub.running
    try:
        await contender.stage(stage, stub.call)
    except Exception:  # noqa: BLE001 - each library has its own way to say that it failed
        return False
    finally:
        stub.leaked += max(0, stub.running - running_before)
    return True


def percentile(sorted_seconds: Sequence[float], share: float) -> float:
    """The least of the values that so large a share does not exceed."""
    return sorted_seconds[ceil(share * len(sorted_seconds)) - 1]
