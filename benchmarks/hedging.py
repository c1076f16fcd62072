"""Compare ways of hedging: `python -m benchmarks.hedging` writes its results and a chart to docs/hedging.

The stubs, the dice and the clock are virtual and seeded, so the same command prints the same table; only the
CPU line is measured on the machine. `--orders 2000 --others 500` is a quick look.
"""

import argparse
import json
import os
import platform
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

from benchmarks.chart import draw
from benchmarks.contenders import LIBRARIES, Contender, OneAtATime, Rolling, SevenAtOnce, is_installed
from benchmarks.cpu import CpuRow, cpu_of_a_call
from benchmarks.measure import Row, measure
from benchmarks.outage import OutageRow, outages
from benchmarks.stubs import MIXES, Mix

RESULTS = Path("docs/hedging/results.json")
CHART = Path("docs/hedging/comparison.svg")

ROLLING, SEVEN_AT_ONCE, ONE_AT_A_TIME = "rolling", "seven at once", "one at a time"
DEFAULT_PRICE = timedelta(milliseconds=50)
PRICES_MILLISECONDS = (5, 15, 150, 500)
BURSTS = (2, 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One row to be measured."""

    policy: str
    make: Callable[[Mix], Contender]
    mix: Mix
    orders: int


def trials(orders: int, others: int) -> Iterator[Trial]:
    """Every row: ours at full length, the others shorter."""
    for mix in MIXES:
        yield Trial(policy=ROLLING, make=_ours(), mix=mix, orders=orders)
        yield Trial(policy=SEVEN_AT_ONCE, make=lambda _: SevenAtOnce(), mix=mix, orders=others)
        yield Trial(policy=ONE_AT_A_TIME, make=lambda _: OneAtATime(), mix=mix, orders=others)
        for library, (_, make) in LIBRARIES.items():
            if is_installed(library):
                yield Trial(policy=library, make=make, mix=mix, orders=others)
        if mix.median_seconds:
            yield from _variants(mix, others)


def _variants(mix: Mix, orders: int) -> Iterator[Trial]:
    for burst in BURSTS:
        yield Trial(policy=f"{ROLLING}, burst {burst}", make=_ours(burst=burst), mix=mix, orders=orders)
    for price in PRICES_MILLISECONDS:
        make = _ours(price=timedelta(milliseconds=price))
        yield Trial(policy=f"{ROLLING}, price {price} ms", make=make, mix=mix, orders=orders)


def _ours(*, price: timedelta = DEFAULT_PRICE, burst: int = 1) -> Callable[[Mix], Contender]:
    return lambda _: Rolling(price=price, burst=burst)


def run(number: int, orders: int, others: int, seed: int) -> Row:
    """Measure the row of that number; any process can, since only numbers travel."""
    trial = list(trials(orders, others))[number]
    return measure(trial.policy, trial.make, trial.mix, orders=trial.orders, seed=seed)


def run_all(orders: int, others: int, seed: int, jobs: int) -> Iterator[Row]:
    """Every row in its order, as soon as it is there."""
    numbers = range(len(list(trials(orders, others))))
    measured = partial(run, orders=orders, others=others, seed=seed)
    with ProcessPoolExecutor(max_workers=jobs) as processes:
        yield from processes.map(measured, numbers)


LINE = "{:<11} {:<22} {:>7} {:>8} {:>7} {:>6} {:>8} {:>7} {:>8} {:>8} {:>8}"
HEADING = LINE.format(
    *("stub", "policy", "orders", "attempts", "surplus", "leaked", "mean", "p50", "p99", "p99.9", "p99.99")
)


def line_of(row: Row) -> str:
    """One line of the table; times in seconds."""
    seconds = (f"{value:.3f}" for value in (row.mean, row.p50, row.p99, row.p999, row.p9999))
    return LINE.format(
        row.stub, row.policy, row.orders, f"{row.attempts:.3f}", f"{row.surplus:.3f}", row.leaked, *seconds
    )


def outage_line_of(row: OutageRow) -> str:
    return (
        f"a minute in which {row.weather}, {row.orders} orders: {row.launches_an_order:.1f} launches each, "
        f"{row.leaked_tasks} leaked tasks, all through {row.recovered_seconds:.2f} s later"
    )


def cpu_line_of(row: CpuRow) -> str:
    return (
        f"CPU of a call that succeeds at once: {row.race_microseconds:.0f} microseconds; "
        f"one task with a timeout: {row.task_microseconds:.0f}; ratio {row.ratio:.1f}"
    )


def main() -> None:
    """Print the table row by row and write down what was found."""
    arguments = _arguments()
    for library in LIBRARIES:
        if not is_installed(library):
            print(f"{library} is not installed: skipped (pip install -r benchmarks/requirements.txt)")
    print(HEADING)
    rows = []
    for row in run_all(arguments.orders, arguments.others, arguments.seed, arguments.jobs):
        rows.append(row)
        print(line_of(row), flush=True)
    weather = outages(MIXES[0], arguments.seed)
    print(*map(outage_line_of, weather), sep="\n")
    cpu = cpu_of_a_call()
    print(cpu_line_of(cpu))
    _write(arguments, rows, weather, cpu)


def _write(
    arguments: argparse.Namespace, rows: Sequence[Row], weather: Sequence[OutageRow], cpu: CpuRow
) -> None:
    found = {
        "command": f"python -m benchmarks.hedging --orders {arguments.orders} --others {arguments.others}",
        "seed": arguments.seed,
        "python": platform.python_version(),
        "rows": [asdict(row) for row in rows],
        "outages": [asdict(row) for row in weather],
        "cpu": asdict(cpu),
    }
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    CHART.write_text(draw(rows), encoding="utf-8")
    print(f"written: {RESULTS}, {CHART}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hedging", description=__doc__)
    parser.add_argument("--orders", type=int, default=100_000, help="a row of ours")
    parser.add_argument("--others", type=int, default=10_000, help="a row of the others")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="rows measured at the same time")
    return parser.parse_args()


if __name__ == "__main__":
    main()
