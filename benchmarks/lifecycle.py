"""What an order costs beside what Temporal alone costs: `python -m benchmarks.lifecycle`.

Every contender runs as a whole system of its own on free ports, with the default dice: the floor and ours
take turns, the others come one after the other. Then ours is killed, part by part, with orders open. Prints
one table, and writes it with a plot and a page to docs/; `--orders 0.1` runs a tenth of the orders.
"""

import argparse
import asyncio
import json
import logging
import math
import os
import platform
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from benchmarks import report
from benchmarks.dbos_system import DBOS
from benchmarks.load import Entrant, Row, measure
from benchmarks.recovery import RecoveryRow, recover
from benchmarks.systems import LOADS, ORDERS_A_TURN, Recipe, System
from benchmarks.whole_systems import ALONE, IN_TURNS, OURS

GROUPS = (IN_TURNS, *((alone,) for alone in (*ALONE, DBOS)))
RECIPES = [recipe for group in GROUPS for recipe in group]

LINE = "{:<24} {:>6} {:>6} {:>8} {:>7} {:>7} {:>7} {:>7} {:>5} {:>6} {:>8} {:>6} {:>7} {:>8} {:>5} {:>7}"
HEADING = LINE.format(
    *("contender", "flight", "orders", "orders/s", "p50", "p99", "longest", "in time", "late", "failed"),
    *("breached", "calls", "server", "workers", "api", "memory"),
)


def line_of(row: Row) -> str:
    """One line of the table: times in seconds, CPU in milliseconds an order, memory in MiB in all."""
    return LINE.format(
        *(row.contender, row.in_flight, row.orders, f"{row.orders_a_second:.2f}"),
        *(f"{seconds:.3f}" for seconds in (row.p50, row.p99, row.longest)),
        *(f"{row.in_time:.1%}", row.late, row.failed),
        "-" if row.breached is None else row.breached,
        "-" if row.calls is None else f"{row.calls:.2f}",
        *(f"{cpu:.0f}" for cpu in (row.cpu.get("temporal", 0.0), row.workers_cpu, row.cpu.get("api", 0.0))),
        f"{sum(row.memory_mib.values()):.0f}",
    )


def recovery_line_of(row: RecoveryRow) -> str:
    away = "" if row.away is None else f" ({row.away:.2f} s of it the server was away)"
    bound = f"bound of {row.most:g} s {'kept' if row.beyond <= row.most else 'MISSED'}"
    return f"kill -9 of {row.victim}, {row.orders} orders open: stall {row.stall:.2f} s{away}, {bound}"


async def measure_all(groups: Sequence[Sequence[Recipe]], scale: float, seed: int) -> list[Row]:
    """Print every row as soon as it is there; those of a group are up together and take turns."""
    print(HEADING, flush=True)
    return [row for group in groups if group for row in await _measure_group(group, scale, seed)]


async def _measure_group(recipes: Sequence[Recipe], scale: float, seed: int) -> list[Row]:
    rows = []
    async with AsyncExitStack() as up:
        folder = Path(up.enter_context(tempfile.TemporaryDirectory()))
        running = [
            recipe.running(folder / str(number), FLAKY_SEED=str(seed))
            for number, recipe in enumerate(recipes)
        ]
        systems = [await up.enter_async_context(system) for system in running]
        for in_flight in LOADS:
            entrants = [
                _entrant(recipe, system, in_flight, scale)
                for recipe, system in zip(recipes, systems, strict=True)
            ]
            rows += await measure(entrants, in_flight, _turns(entrants, in_flight))
            print(*map(line_of, rows[-len(entrants) :]), sep="\n", flush=True)
    return rows


def _turns(entrants: Sequence[Entrant], in_flight: int) -> int:
    if len(entrants) == 1:
        return 1
    return math.ceil(max(entrant.orders for entrant in entrants) / ORDERS_A_TURN[in_flight])


def _entrant(recipe: Recipe, system: System, in_flight: int, scale: float) -> Entrant:
    return Entrant(
        name=recipe.name,
        system=system,
        orders=max(1, round(recipe.orders[in_flight] * scale)),
        longest_seconds=recipe.longest_seconds * min(1.0, scale),
    )


async def recover_all(seed: int) -> list[RecoveryRow]:
    """Ours, killed part by part."""
    ours = next(recipe for recipe in RECIPES if recipe.name == OURS)
    with tempfile.TemporaryDirectory() as folder:
        rows = await recover(ours, Path(folder) / "var", seed)
    print(*map(recovery_line_of, rows), sep="\n", flush=True)
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
        "dbos": _version_of("dbos"),
        "commit": commit,
        "date": datetime.now(UTC).date().isoformat(),
    }


def _version_of(library: str) -> str | None:
    try:
        return version(library)
    except PackageNotFoundError:
        return None


def is_there(recipe: Recipe) -> bool:
    """Whether the library it needs is installed; says so if not."""
    if recipe.library is None or find_spec(recipe.library):
        return True
    print(f"{recipe.library} is not installed: skipped (pip install -r benchmarks/requirements.txt)")
    return False


def main() -> None:
    """Measure the contenders that were asked for, and write down what was found if that is all of them."""
    given = _arguments()
    # That a child died is no news where it was killed.
    logging.basicConfig(level=logging.ERROR)
    wanted = {recipe.name for recipe in RECIPES if given.only is None or recipe.name in given.only}
    taken_on = machine()
    groups = [[recipe for recipe in group if recipe.name in wanted and is_there(recipe)] for group in GROUPS]
    rows = asyncio.run(measure_all(groups, given.orders, given.seed))
    recovered = [] if given.without_recovery else asyncio.run(recover_all(given.seed))
    if given.only is None:
        found = {
            "command": f"python -m benchmarks.lifecycle --orders {given.orders:g} --seed {given.seed}",
            **taken_on,
            "rows": [asdict(row) for row in rows],
            "recovery": [asdict(row) for row in recovered],
        }
        report.RESULTS.parent.mkdir(parents=True, exist_ok=True)
        report.RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        report.main()


def _arguments() -> argparse.Namespace:
    options = argparse.ArgumentParser(prog="python -m benchmarks.lifecycle", description=__doc__)
    options.add_argument("--orders", type=float, default=1.0, help="times the usual number of orders")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--only", nargs="*", choices=[recipe.name for recipe in RECIPES])
    options.add_argument("--without-recovery", action="store_true")
    return options.parse_args()


if __name__ == "__main__":
    main()
