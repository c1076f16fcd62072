"""So many orders kept under way: what they took, and what they cost."""

import asyncio
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from benchmarks.measure import percentile
from benchmarks.meter import Usage
from benchmarks.systems import System, Tally

BUDGET_SECONDS = 15.0

# Before the count begins: so many orders, and no more once so many seconds are over.
WARM_UP_ORDERS, WARM_UP_SECONDS = 20, 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One contender at one load. Times are an order's, in seconds; CPU is milliseconds an order.

    `failed` orders ended otherwise than they should, and are not in time. `late` ones took longer than the
    budget by the customer's clock, `breached` ones by /metrics; None where there is none. `calls` are the
    launches a flaky stage took, over all its retries; None for the floor, which makes none. `spans` are mean
    seconds of an order by what they were spent on, where orders ran one at a time.
    """

    contender: str
    in_flight: int
    orders: int
    orders_a_second: float
    p50: float
    p99: float
    longest: float
    in_time: float
    late: int
    failed: int
    breached: int | None
    calls: float | None
    cpu: Mapping[str, float]
    memory_mib: Mapping[str, float]
    spans: Mapping[str, float]

    @property
    def workers_cpu(self) -> float:
        return sum(cpu for name, cpu in self.cpu.items() if name.endswith("-worker"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How one order ended, and after how long."""

    seconds: float
    well: bool


async def measure(name: str, system: System, in_flight: int, orders: int, longest_seconds: float) -> Row:
    """Keep so many orders under way until all have ended; none is begun once the time is over."""
    await _drive(name, system, in_flight, WARM_UP_ORDERS, WARM_UP_SECONDS)
    usage, tally, began, since = (
        await system.usage(),
        await system.tally(),
        time.monotonic(),
        datetime.now(UTC),
    )
    endings = await _drive(name, system, in_flight, orders, longest_seconds)
    took = time.monotonic() - began
    return _row(
        endings,
        took=took,
        usage=(usage, await system.usage()),
        tally=(tally, await system.tally()),
        # Side by side, they wait mostly for each other.
        spans=await system.spans(since) if in_flight == 1 else {},
        contender=name,
        in_flight=in_flight,
    )


async def _drive(
    name: str, system: System, in_flight: int, orders: int, longest_seconds: float
) -> list[Ending]:
    until, endings = time.monotonic() + longest_seconds, list[Ending]()

    async def customer(turns: Iterator[int]) -> None:
        for _ in turns:
            began = time.monotonic()
            well = await system.order()
            endings.append(Ending(seconds=time.monotonic() - began, well=well))
            _show_progress(name, in_flight, len(endings), orders)
            if time.monotonic() >= until:
                return

    turns = iter(range(orders))
    await asyncio.gather(*(customer(turns) for _ in range(in_flight)))
    return endings


def _row(
    endings: Sequence[Ending],
    *,
    took: float,
    usage: tuple[Mapping[str, Usage], Mapping[str, Usage]],
    tally: tuple[Tally, Tally],
    spans: Mapping[str, float],
    contender: str,
    in_flight: int,
) -> Row:
    seconds, orders = sorted(ending.seconds for ending in endings), len(endings)
    in_time = sum(ending.well and ending.seconds <= BUDGET_SECONDS for ending in endings)
    before, after = tally
    return Row(
        contender=contender,
        in_flight=in_flight,
        orders=orders,
        orders_a_second=orders / took,
        p50=percentile(seconds, 0.5),
        p99=percentile(seconds, 0.99),
        longest=seconds[-1],
        in_time=in_time / orders,
        late=sum(taken > BUDGET_SECONDS for taken in seconds),
        failed=sum(not ending.well for ending in endings),
        breached=None if after.breached is None else after.breached - (before.breached or 0),
        calls=_calls_a_stage(before, after),
        cpu={name: 1000 * seconds / orders for name, seconds in _cpu(*usage).items()},
        memory_mib={name: now.memory_bytes / 2**20 for name, now in usage[1].items()},
        spans=spans,
    )


def _calls_a_stage(before: Tally, after: Tally) -> float | None:
    stages = after.stages - before.stages
    return (after.calls - before.calls) / stages if stages else None


def _cpu(before: Mapping[str, Usage], after: Mapping[str, Usage]) -> dict[str, float]:
    """Seconds since then; of a process that was not there then, all of its own."""
    return {
        name: now.cpu_seconds - (before[name].cpu_seconds if name in before else 0.0)
        for name, now in after.items()
    }


def _show_progress(name: str, in_flight: int, done: int, orders: int) -> None:
    if sys.stderr.isatty():
        bar = "#" * (40 * done // orders)
        end = "\n" if done == orders else ""
        print(f"\r{name:<24} {in_flight:>3} in flight [{bar:<40}] {done}/{orders}", end=end, file=sys.stderr)
