"""What an order costs beside what Temporal alone costs: `python -m benchmarks.lifecycle`.

Every contender runs as a whole system of its own on free ports, one after the other, with the default dice.
Prints one table and writes it to docs/performance/; `--orders 0.1` runs a tenth of the orders.
"""

import argparse
import asyncio
import json
import os
import platform
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.contenders import HEDGES
from benchmarks.measure import percentile
from benchmarks.meter import Usage
from benchmarks.whole_systems import RECIPES, Recipe, WholeSystem, running

RESULTS = Path("docs/performance/lifecycle.json")
BUDGET_SECONDS = 15.0

# So many orders, by how many are under way at a time; and before the count begins.
ORDERS = {1: 200, 10: 300, 50: 300}
WARM_UP = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One contender at one load. Times are an order's, in seconds; CPU is milliseconds an order.

    `calls` are the launches a flaky stage took, over all its retries; None for the floor, which makes none.
    """

    contender: str
    in_flight: int
    orders: int
    orders_a_second: float
    p50: float
    p99: float
    longest: float
    in_time: float
    calls: float | None
    cpu: dict[str, float]
    memory_mib: dict[str, float]


async def measure(system: WholeSystem, in_flight: int, orders: int) -> Row:
    """Keep so many orders under way until all have ended."""
    await _drive(system, in_flight, WARM_UP)
    before, calls_before, began = await system.usage(), _calls(system), time.monotonic()
    seconds = sorted(await _drive(system, in_flight, orders))
    took, after = time.monotonic() - began, await system.usage()
    return Row(
        contender=system.recipe.name,
        in_flight=in_flight,
        orders=orders,
        orders_a_second=orders / took,
        p50=percentile(seconds, 0.5),
        p99=percentile(seconds, 0.99),
        longest=seconds[-1],
        in_time=sum(taken <= BUDGET_SECONDS for taken in seconds) / orders,
        calls=_calls_a_stage(calls_before, _calls(system)),
        cpu={name: _cpu(before, after, name) / orders * 1000 for name in after},
        memory_mib={name: usage.memory_bytes / 2**20 for name, usage in after.items()},
    )


async def _drive(system: WholeSystem, in_flight: int, orders: int) -> list[float]:
    left, seconds = iter(range(orders)), []

    async def customer() -> None:
        for _ in left:
            began = time.monotonic()
            await system.order()
            seconds.append(time.monotonic() - began)
            _show_progress(system.recipe.name, in_flight, len(seconds), orders)

    await asyncio.gather(*(customer() for _ in range(in_flight)))
    return seconds


def _show_progress(contender: str, in_flight: int, done: int, orders: int) -> None:
    if sys.stderr.isatty():
        bar = "#" * (40 * done // orders)
        end = "\n" if done == orders else ""
        print(
            f"\r{contender:<24} {in_flight:>3} in flight [{bar:<40}] {done}/{orders}",
            end=end,
            file=sys.stderr,
        )


def _calls(system: WholeSystem) -> tuple[int, int]:
    """How many calls the flaky stages took so far, and how many such stages there were."""
    if system.recipe.is_floor:
        return 0, 0
    # The plain way keeps no record of its attempts: it makes as many each time Temporal tries.
    calls = f"{HEDGES} * attempts" if system.recipe.name == "seven at once" else "launched"
    with closing(sqlite3.connect(system.database)) as books:
        query = f"SELECT COALESCE(SUM({calls}), 0), COUNT(*) FROM events WHERE launched IS NOT NULL"
        found: tuple[int, int] = books.execute(query).fetchone()
    return found


def _calls_a_stage(before: tuple[int, int], after: tuple[int, int]) -> float | None:
    stages = after[1] - before[1]
    return (after[0] - before[0]) / stages if stages else None


def _cpu(before: dict[str, Usage], after: dict[str, Usage], name: str) -> float:
    return after[name].cpu_seconds - (before[name].cpu_seconds if name in before else 0.0)


LINE = "{:<24} {:>6} {:>6} {:>9} {:>7} {:>7} {:>7} {:>7} {:>6} {:>7} {:>8} {:>6} {:>8}"
HEADING = LINE.format(
    *("contender", "flight", "orders", "orders/s", "p50", "p99", "longest", "in time", "calls"),
    *("server", "workers", "api", "memory"),
)


def line_of(row: Row) -> str:
    """One line of the table: times in seconds, CPU in milliseconds an order, memory in MiB in all."""
    workers = sum(cpu for name, cpu in row.cpu.items() if name.endswith("-worker"))
    return LINE.format(
        *(row.contender, row.in_flight, row.orders, f"{row.orders_a_second:.2f}"),
        *(f"{seconds:.3f}" for seconds in (row.p50, row.p99, row.longest)),
        f"{row.in_time:.1%}",
        "-" if row.calls is None else f"{row.calls:.2f}",
        *(f"{cpu:.0f}" for cpu in (row.cpu.get("temporal", 0.0), workers, row.cpu.get("api", 0.0))),
        f"{sum(row.memory_mib.values()):.0f}",
    )


async def measure_all(recipes: Sequence[Recipe], scale: float, seed: int) -> list[Row]:
    """Print every row as soon as it is there."""
    print(HEADING, flush=True)
    rows = []
    for recipe in recipes:
        with tempfile.TemporaryDirectory() as folder:
            seeded = replace(recipe, settings={**recipe.settings, "FLAKY_SEED": str(seed)})
            async with running(seeded, Path(folder) / "var") as system:
                for in_flight, orders in ORDERS.items():
                    rows.append(await measure(system, in_flight, max(1, round(orders * scale))))
                    print(line_of(rows[-1]), flush=True)
    return rows


def machine() -> dict[str, object]:
    """What the figures were taken on, and with."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    return {
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "temporalio": version("temporalio"),
        "commit": commit,
        "date": datetime.now(UTC).date().isoformat(),
    }


def main() -> None:
    """Measure the contenders that were asked for, and write down what was found."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.lifecycle", description=__doc__)
    options.add_argument("--orders", type=float, default=1.0, help="times the usual number of orders")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--only", nargs="*", choices=[recipe.name for recipe in RECIPES])
    given = options.parse_args()
    recipes = [recipe for recipe in RECIPES if given.only is None or recipe.name in given.only]
    taken_on = machine()
    rows = asyncio.run(measure_all(recipes, given.orders, given.seed))
    if given.only is None:
        found = {"seed": given.seed, **taken_on, "rows": [asdict(row) for row in rows]}
        RESULTS.parent.mkdir(parents=True, exist_ok=True)
        RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        print(f"written: {RESULTS}")


if __name__ == "__main__":
    main()
