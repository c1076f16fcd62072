"""So many orders kept under way: what they took, and what they cost."""

import asyncio
import sys
import time
from collections import defaultdict
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrant:
    """A contender that runs: how many orders it is to have at the load, and in what time at the most."""

    name: str
    system: System
    orders: int
    longest_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Turn:
    """One stretch of orders; what was used and told is told as before it and after it."""

    endings: Sequence[Ending]
    seconds: float
    usage: tuple[Mapping[str, Usage], Mapping[str, Usage]]
    tally: tuple[Tally, Tally]


async def measure(entrants: Sequence[Entrant], in_flight: int, turns: int = 1) -> list[Row]:
    """Keep so many orders under way until all have ended; none is begun once the time is over.

    The entrants take turns, so that a busy host is busy for all of them.
    """
    for entrant in entrants:
        await _drive(entrant.name, entrant.system, in_flight, WARM_UP_ORDERS, WARM_UP_SECONDS)
    since, taken = datetime.now(UTC), [list[_Turn]() for _ in entrants]
    for number in range(turns):
        for entrant, its in zip(entrants, taken, strict=True):
            its.append(await _turn(entrant, in_flight, number, turns))
    return [await _row(entrant, its, in_flight, since) for entrant, its in zip(entrants, taken, strict=True)]


async def _turn(entrant: Entrant, in_flight: int, number: int, turns: int) -> _Turn:
    """Its share of the orders, in its share of the time; nothing of it is under way afterwards."""
    system, orders = entrant.system, entrant.orders
    share = orders * (number + 1) // turns - orders * number // turns
    # What is used to tell the tally is no order's.
    tally, usage, began = await system.tally(), await system.usage(), time.monotonic()
    endings = await _drive(entrant.name, system, in_flight, share, entrant.longest_seconds / turns)
    return _Turn(
        endings=endings,
        seconds=time.monotonic() - began,
        usage=(usage, await system.usage()),
        tally=(tally, await system.tally()),
    )


async def _drive(
    name: str, system: System, in_flight: int, orders: int, longest_seconds: float
) -> list[Ending]:
    until, endings = time.monotonic() + longest_seconds, list[Ending]()

    async def customer(left: Iterator[int]) -> None:
        for _ in left:
            began = time.monotonic()
            well = await system.order()
            endings.append(Ending(seconds=time.monotonic() - began, well=well))
            _show_progress(name, in_flight, len(endings), orders)
            if time.monotonic() >= until:
                return

    left = iter(range(orders))
    await asyncio.gather(*(customer(left) for _ in range(in_flight)))
    return endings


async def _row(entrant: Entrant, turns: Sequence[_Turn], in_flight: int, since: datetime) -> Row:
    endings = [ending for turn in turns for ending in turn.endings]
    seconds, orders = sorted(ending.seconds for ending in endings), len(endings)
    in_time = sum(ending.well and ending.seconds <= BUDGET_SECONDS for ending in endings)
    return Row(
        contender=entrant.name,
        in_flight=in_flight,
        orders=orders,
        orders_a_second=orders / sum(turn.seconds for turn in turns),
        p50=percentile(seconds, 0.5),
        p99=percentile(seconds, 0.99),
        longest=seconds[-1],
        in_time=in_time / orders,
        late=sum(taken > BUDGET_SECONDS for taken in seconds),
        failed=sum(not ending.well for ending in endings),
        breached=_breached(turns),
        calls=_calls_a_stage(turns),
        cpu={name: 1000 * seconds / orders for name, seconds in _cpu(turns).items()},
        memory_mib={name: now.memory_bytes / 2**20 for name, now in turns[-1].usage[1].items()},
        # Side by side, they wait mostly for each other.
        spans=await entrant.system.spans(since) if in_flight == 1 else {},
    )


def _breached(turns: Sequence[_Turn]) -> int | None:
    before, after = turns[0].tally[0].breached, turns[-1].tally[1].breached
    return None if after is None else after - (before or 0)


def _calls_a_stage(turns: Sequence[_Turn]) -> float | None:
    before, after = turns[0].tally[0], turns[-1].tally[1]
    stages = after.stages - before.stages
    return (after.calls - before.calls) / stages if stages else None


def _cpu(turns: Sequence[_Turn]) -> Mapping[str, float]:
    """Seconds, by process; of one that was not there when its turn began, all of its own."""
    spent: defaultdict[str, float] = defaultdict(float)
    for before, after in (turn.usage for turn in turns):
        for name, now in after.items():
            spent[name] += now.cpu_seconds - (before[name].cpu_seconds if name in before else 0.0)
    return spent


def _show_progress(name: str, in_flight: int, done: int, orders: int) -> None:
    if sys.stderr.isatty():
        bar = "#" * (40 * done // orders)
        end = "\n" if done == orders else ""
        print(f"\r{name:<24} {in_flight:>3} in flight [{bar:<40}] {done}/{orders}", end=end, file=sys.stderr)
