"""Half of what it can do, for a long time: `python -m benchmarks.soak --minutes 30`.

Starts a system of its own, measures its peak unless `--rate` says how many orders a second to place, then
places them at their times, whatever becomes of those before, and samples every process and file. Writes
docs/performance/soak.json with a plot, and renews the page.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx

from benchmarks import report
from benchmarks.lifecycle import machine
from benchmarks.load import Entrant, measure
from benchmarks.measure import percentile
from benchmarks.recovery import IS_OPEN
from benchmarks.whole_systems import OURS, ShopSystem, running_shop

# The peak is taken where more in flight would only wait longer.
PEAK_IN_FLIGHT, PEAK_ORDERS, PEAK_SECONDS = 10, 200, 60.0
SHARE_OF_THE_PEAK = 0.5

# Beyond so many open orders none is placed; whatever is not placed counts as turned away.
MOST_OPEN = 200

SAMPLE_EVERY_SECONDS = 30.0
MOST_MINUTES = 240.0

# Caches fill and pools grow at first: the growth is taken of what comes after this share of the time.
SETTLED_AFTER = 0.25

ENDED_WITHIN_SECONDS = 60.0

FILES = ("orders.db", "orders.db-wal", "temporal.db", "temporal.db-wal")

# Between the moments, to the millisecond, in which an order was placed and ended.
SECONDS_TAKEN = "(julianday(ended_at) - julianday(created_at)) * 86400"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """`figures`: of each process `memory_mib`, `files`, `threads`; of each database file `mib`."""

    seconds: float
    orders: int
    figures: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """A figure at the first sample and the last, and its growth by least squares once settled."""

    name: str
    first: float
    last: float
    an_order: float
    an_hour: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Soak:
    """What came of the whole run; `first` and `last` are an order's seconds in each end's tenth of them."""

    minutes: float
    peak: float | None
    rate: float
    placed: int
    turned_away: int
    unfinished: int
    late: int
    first_p50: float
    first_p99: float
    last_p50: float
    last_p99: float


class Crowd:
    """Places orders at their times, one every so many seconds, however long they take."""

    def __init__(self, system: ShopSystem, rate: float) -> None:
        self._system = system
        self._rate = rate
        self.placed = 0
        self.turned_away = 0

    async def shop(self, seconds: float) -> None:
        began = time.monotonic()
        async with asyncio.TaskGroup() as under_way:
            for number in range(round(seconds * self._rate)):
                await asyncio.sleep(began + number / self._rate - time.monotonic())
                under_way.create_task(self._place())

    async def _place(self) -> None:
        try:
            if count_open(self._system) < MOST_OPEN:
                await self._system.place()
                self.placed += 1
                return
        except httpx.HTTPError as error:
            print(f"not placed: {error!r}", flush=True)
        self.turned_away += 1


def count_open(system: ShopSystem) -> int:
    ((count,),) = system.read(f"SELECT COUNT(*) FROM orders WHERE {IS_OPEN}")
    return int(count)


async def sample(system: ShopSystem, began: float, orders: int) -> Sample:
    """Read everything there is to read, now."""
    figures: dict[str, float] = {}
    for name, usage in (await system.usage()).items():
        figures[f"{name} memory_mib"] = usage.memory_bytes / 2**20
        figures[f"{name} files"] = usage.files
        figures[f"{name} threads"] = usage.threads
    for file in (system.settings.data_dir / name for name in FILES):
        figures[f"{file.name} mib"] = file.stat().st_size / 2**20 if file.exists() else 0.0
    return Sample(seconds=time.monotonic() - began, orders=orders, figures=figures)


def growth_of(name: str, samples: Sequence[Sample]) -> Growth:
    """Least squares over the samples that are not of the beginning."""
    end = samples[-1].seconds
    settled = [sample for sample in samples if sample.seconds >= SETTLED_AFTER * end]
    figures = [sample.figures[name] for sample in settled]
    return Growth(
        name=name,
        first=samples[0].figures[name],
        last=samples[-1].figures[name],
        an_order=slope([sample.orders for sample in settled], figures),
        an_hour=slope([sample.seconds for sample in settled], figures) * 3600,
    )


def slope(across: Sequence[float], up: Sequence[float]) -> float:
    """The rise of the line that misses the points by the least squares; 0 of points above each other."""
    middle_x, middle_y = sum(across) / len(across), sum(up) / len(up)
    spread = sum((x - middle_x) ** 2 for x in across)
    if not spread:
        return 0.0
    return sum((x - middle_x) * (y - middle_y) for x, y in zip(across, up, strict=True)) / spread


async def soak(folder: Path, minutes: float, rate: float | None, seed: int) -> tuple[Soak, list[Sample]]:
    """Run the system for so long; return what came of it, and the samples."""
    async with running_shop({"FLAKY_SEED": str(seed)}, folder) as system:
        peak = None
        if rate is None:
            entrant = Entrant(name=OURS, system=system, orders=PEAK_ORDERS, longest_seconds=PEAK_SECONDS)
            [row] = await measure([entrant], PEAK_IN_FLIGHT)
            peak = row.orders_a_second
            rate = peak * SHARE_OF_THE_PEAK
        ((before,),) = system.read("SELECT COALESCE(MAX(id), 0) FROM orders")
        crowd = Crowd(system, rate)
        samples = await _sampled(system, crowd, minutes * 60)
        await _all_ended(system)
        return _sum_up(system, crowd, minutes, peak, rate, before), samples


async def _sampled(system: ShopSystem, crowd: Crowd, seconds: float) -> list[Sample]:
    began = time.monotonic()
    samples = [await sample(system, began, 0)]
    async with asyncio.TaskGroup() as both:
        shopping = both.create_task(crowd.shop(seconds))
        while not shopping.done():
            await asyncio.wait({shopping}, timeout=min(SAMPLE_EVERY_SECONDS, seconds / 4))
            samples.append(await sample(system, began, crowd.placed))
            print(_progress_line(samples[-1]), flush=True)
    return samples


def _progress_line(taken: Sample) -> str:
    memory = sum(figure for name, figure in taken.figures.items() if name.endswith("memory_mib"))
    books, server = taken.figures["orders.db mib"], taken.figures["temporal.db mib"]
    return (
        f"{taken.seconds:6.0f} s, {taken.orders} orders: {memory:.0f} MiB in memory, "
        f"orders.db {books:.1f} MiB, temporal.db {server:.1f} MiB"
    )


async def _all_ended(system: ShopSystem) -> None:
    """Or they will not: what is still open after a while is counted as such."""
    until = time.monotonic() + ENDED_WITHIN_SECONDS
    while count_open(system) and time.monotonic() < until:  # noqa: ASYNC110 - nothing announces it
        await asyncio.sleep(1)


def _sum_up(
    system: ShopSystem, crowd: Crowd, minutes: float, peak: float | None, rate: float, before: int
) -> Soak:
    ours = f"FROM orders WHERE id > {before} AND status = 'completed'"
    seconds = [taken for (taken,) in system.read(f"SELECT {SECONDS_TAKEN} {ours} ORDER BY id")]
    ((late,),) = system.read(f"SELECT COALESCE(SUM(sla_breached), 0) {ours}")
    tenth = max(1, len(seconds) // 10)
    first, last = sorted(seconds[:tenth]), sorted(seconds[-tenth:])
    return Soak(
        minutes=minutes,
        peak=peak,
        rate=rate,
        placed=crowd.placed,
        turned_away=crowd.turned_away,
        unfinished=crowd.placed - len(seconds),
        late=late,
        first_p50=percentile(first, 0.5),
        first_p99=percentile(first, 0.99),
        last_p50=percentile(last, 0.5),
        last_p99=percentile(last, 0.99),
    )


def growth_line_of(growth: Growth) -> str:
    return (
        f"{growth.name:<28} {growth.first:10.1f} {growth.last:10.1f} "
        f"{growth.an_order:14.6f} {growth.an_hour:12.3f}"
    )


def main() -> None:
    """Print the figures of the start and the end, and write everything down."""
    given = _arguments()
    taken_on = machine()
    with tempfile.TemporaryDirectory() as folder:
        run = soak(Path(folder) / "var", min(given.minutes, MOST_MINUTES), given.rate, given.seed)
        summary, samples = asyncio.run(run)
    growths = [growth_of(name, samples) for name in samples[-1].figures]
    print(f"{'':<28} {'start':>10} {'end':>10} {'an order':>14} {'an hour':>12}")
    print(*map(growth_line_of, growths), sep="\n")
    print(summary)
    found = {
        "command": _command(given),
        **taken_on,
        "summary": asdict(summary),
        "growth": [asdict(growth) for growth in growths],
        "samples": [asdict(taken) for taken in samples],
    }
    report.SOAK.parent.mkdir(parents=True, exist_ok=True)
    report.SOAK.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    report.main()


def _command(given: argparse.Namespace) -> str:
    rate = "" if given.rate is None else f" --rate {given.rate:g}"
    return f"python -m benchmarks.soak --minutes {given.minutes:g}{rate} --seed {given.seed}"


def _arguments() -> argparse.Namespace:
    options = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    options.add_argument("--minutes", type=float, default=30.0)
    options.add_argument("--rate", type=float, help="orders a second; default: half of the measured peak")
    options.add_argument("--seed", type=int, default=1)
    return options.parse_args()


if __name__ == "__main__":
    main()
