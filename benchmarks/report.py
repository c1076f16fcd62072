"""`python -m benchmarks.report`: the plots and the page's tables, made anew from the results.

What stands in docs/performance.md between `<!-- NAME -->` and `<!-- end -->` is written here, and only here.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import lifecycle_chart, soak_chart
from benchmarks.load import Row
from benchmarks.promises import promises
from benchmarks.recovery import RecoveryRow
from benchmarks.spans import Span

PAGE = Path("docs/performance.md")
RESULTS, CHART = Path("docs/performance/lifecycle.json"), Path("docs/performance/lifecycle.svg")
SOAK, SOAK_CHART = Path("docs/performance/soak.json"), Path("docs/performance/soak.svg")

NOT_YET = "Not measured yet."
BLOCK = re.compile(r"(<!-- (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)

Results = Mapping[str, Any]


def renewed(page: str, results: Results | None, soak: Results | None) -> str:
    """Return the page with each block as the results have it."""
    found = {**_blocks(LIFECYCLE_BLOCKS, results), **_blocks(SOAK_BLOCKS, soak)}
    return BLOCK.sub(lambda block: f"{block[1]}{found[block[2]]}\n{block[3]}", page)


def plots(results: Results | None, soak: Results | None) -> dict[Path, str]:
    """Each picture there are results for."""
    found = {}
    if results:
        found[CHART] = lifecycle_chart.draw(rows_of(results))
    if soak:
        found[SOAK_CHART] = soak_chart.draw(soak["samples"])
    return found


def read(file: Path) -> Results | None:
    """Return the results in that file, None if there are none."""
    return dict(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else None


def rows_of(results: Results) -> list[Row]:
    return [Row(**row) for row in results["rows"]]


def recovery_of(results: Results) -> list[RecoveryRow]:
    return [RecoveryRow(**row) for row in results["recovery"]]


def _blocks(
    makers: Mapping[str, Callable[[Results], Iterator[str]]], results: Results | None
) -> dict[str, str]:
    return {name: "\n".join(make(results)) if results else NOT_YET for name, make in makers.items()}


def _picture(words: str, chart: Path) -> str:
    """Where it is seen from the page."""
    return f"![{words}]({chart.relative_to(PAGE.parent).as_posix()})"


def _table(headings: Sequence[str], lines: Sequence[Sequence[object]]) -> Iterator[str]:
    yield f"| {' | '.join(headings)} |"
    yield "|" + "---|" * len(headings)
    for line in lines:
        yield f"| {' | '.join(map(str, line))} |"


def machine(results: Results) -> Iterator[str]:
    load = "unknown" if results["load"] is None else f"{results['load']:.1f}"
    yield (
        f"`{results['command']}`, {results['date']}, commit {results['commit']}: {results['cores']} cores "
        f"({results['system']}, load {load} before), Python {results['python']}, "
        f"temporalio {results['temporalio']}, DBOS {results['dbos'] or 'not installed'}."
    )


def lifecycle(results: Results) -> Iterator[str]:
    headings = ("contender", "in flight", "orders", "orders/s", "p50", "p99", "longest", "in time", "late")
    more = ("breached", "failed", "calls a stage", "memory, MiB")
    yield _picture(
        "An order's median and 99th percentile against orders a second, by contender and load", CHART
    )
    yield ""
    yield from _table((*headings, *more), [_cells(row) for row in rows_of(results)])


def _cells(row: Row) -> Sequence[object]:
    times = (f"{seconds:.2f}" for seconds in (row.p50, row.p99, row.longest))
    calls = "" if row.calls is None else f"{row.calls:.2f}"
    breached = "" if row.breached is None else row.breached
    ends = (
        f"{row.in_time:.1%}",
        row.late,
        breached,
        row.failed,
        calls,
        f"{sum(row.memory_mib.values()):.0f}",
    )
    return (row.contender, row.in_flight, row.orders, f"{row.orders_a_second:.2f}", *times, *ends)


def cpu(results: Results) -> Iterator[str]:
    """Of every process, and how much of the machine all of them kept busy."""
    headings = ("contender", "in flight", "server", "workers", "API", "in all", "of all cores")
    yield from _table(headings, [_cpu_cells(row, results["cores"]) for row in rows_of(results)])


def _cpu_cells(row: Row, cores: int) -> Sequence[object]:
    server, api, in_all = row.cpu.get("temporal", 0.0), row.cpu.get("api", 0.0), sum(row.cpu.values())
    busy = in_all / 1000 * row.orders_a_second / cores
    figures = (f"{milliseconds:.0f}" for milliseconds in (server, row.workers_cpu, api, in_all))
    return (row.contender, row.in_flight, *figures, f"{busy:.0%}")


def spans(results: Results) -> Iterator[str]:
    """Of orders one at a time, where there are histories to tell."""
    rows = [row for row in rows_of(results) if row.spans]
    lines = [(row.contender, *(f"{1000 * row.spans.get(span, 0.0):.0f}" for span in Span)) for row in rows]
    yield from _table(("contender", *Span), lines)


def marks(results: Results) -> Iterator[str]:
    found = promises(rows_of(results), recovery_of(results))
    lines = [(each.words, each.measured, each.bound, "yes" if each.is_kept else "**no**") for each in found]
    yield from _table(("mark", "measured", "bound", "kept"), lines)


def recovery(results: Results) -> Iterator[str]:
    headings = ("killed", "orders open", "longest stall, s", "server away, s", "beyond it, s", "bound, s")
    lines = [
        (
            *(row.victim, row.orders, f"{row.stall:.2f}", "" if row.away is None else f"{row.away:.2f}"),
            *(f"{row.beyond:.2f}", f"{row.most:g}"),
        )
        for row in recovery_of(results)
    ]
    yield from _table(headings, lines)


def soak_summary(results: Results) -> Iterator[str]:
    found = results["summary"]
    yield from machine(results)
    yield ""
    yield (
        f"{found['placed']} orders in {found['minutes']:g} minutes, {found['rate']:.2f} a second; "
        f"{found['turned_away']} turned away, {found['unfinished']} not completed, {found['late']} late. "
        f"The first tenth of them took {found['first_p50']:.2f} s in the median and {found['first_p99']:.2f} "
        f"at the 99th percentile, the last tenth {found['last_p50']:.2f} and {found['last_p99']:.2f}."
    )
    yield ""
    yield _picture("Memory, open files and database sizes over the run", SOAK_CHART)


def soak_growth(results: Results) -> Iterator[str]:
    lines = [
        (
            *(each["name"].replace("memory_mib", "memory, MiB").replace(" mib", ", MiB"),),
            *(f"{each[key]:.1f}" for key in ("first", "last")),
            f"{each['an_order'] * 1000:.3f}",
            f"{each['an_hour']:.2f}",
        )
        for each in results["growth"]
    ]
    yield from _table(("figure", "start", "end", "growth per 1,000 orders", "growth an hour"), lines)


LIFECYCLE_BLOCKS = {
    "machine": machine,
    "marks": marks,
    "lifecycle": lifecycle,
    "spans": spans,
    "cpu": cpu,
    "recovery": recovery,
}
SOAK_BLOCKS = {"soak": soak_summary, "growth": soak_growth}


def main() -> None:
    """Write the plots, and the page as the results have it."""
    results, soak = read(RESULTS), read(SOAK)
    for file, drawn in plots(results, soak).items():
        file.write_text(drawn, encoding="utf-8")
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8"), results, soak), encoding="utf-8")
    print(f"written: {PAGE}")


if __name__ == "__main__":
    main()
