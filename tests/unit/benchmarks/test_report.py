"""The page on performance says what was measured, as the command that writes it would."""

import dataclasses

import pytest

from benchmarks.load import Row
from benchmarks.promises import Promise, promises
from benchmarks.recovery import RecoveryRow
from benchmarks.report import BLOCK, NOT_YET, PAGE, RESULTS, SOAK, plots, read, renewed, spans
from benchmarks.running_system import ROOT
from benchmarks.spans import Span

A_ROW = Row(
    contender="ours",
    in_flight=10,
    orders=300,
    orders_a_second=8.0,
    p50=1.0,
    p99=2.0,
    longest=3.0,
    in_time=1.0,
    late=0,
    failed=0,
    breached=0,
    calls=3.0,
    cpu={"temporal": 140.0, "order-worker": 60.0, "shipping-worker": 40.0, "api": 10.0},
    memory_mib={"temporal": 300.0, "api": 100.0},
    spans={},
)
A_KILL = RecoveryRow(victim="temporal", orders=10, stall=2.5, away=0.8)
RESULTS_OF_A_RUN = {
    "command": "python -m x",
    "date": "2026-01-01",
    "commit": "abc",
    "cores": 2,
    "system": "Linux",
    "load": 0.1,
    "python": "3.11",
    "temporalio": "1",
    "dbos": None,
    "rows": [dataclasses.asdict(A_ROW)],
    "recovery": [dataclasses.asdict(A_KILL)],
}


def promise(words: str, rows: list[Row], kills: list[RecoveryRow]) -> Promise:
    return next(each for each in promises(rows, kills) if each.words == words)


def test_the_page_shows_what_was_measured() -> None:
    page = (ROOT / PAGE).read_text(encoding="utf-8")

    made_anew = renewed(page, read(ROOT / RESULTS), read(ROOT / SOAK))

    assert page == made_anew


def test_the_plots_show_what_was_measured() -> None:
    drawn = plots(read(ROOT / RESULTS), read(ROOT / SOAK))

    assert {file: (ROOT / file).read_text(encoding="utf-8") for file in drawn} == drawn


def test_the_page_has_a_place_for_everything_that_is_measured() -> None:
    page = (ROOT / PAGE).read_text(encoding="utf-8")

    assert [name for _, name, _ in BLOCK.findall(page)] == [
        *("machine", "marks", "lifecycle", "spans", "cpu", "recovery", "soak", "growth")
    ]


def test_a_block_is_written_anew_and_the_rest_left_alone() -> None:
    page = "before\n<!-- lifecycle -->\nold\n<!-- end -->\nafter\n<!-- soak -->\n<!-- end -->\n"

    made = renewed(page, RESULTS_OF_A_RUN, None)

    assert made.startswith("before\n<!-- lifecycle -->\n![")
    assert "| ours | 10 | 300 | 8.00 | 1.00 | 2.00 | 3.00 | 100.0% | 0 | 0 | 0 | 3.00 | 400 |\n" in made
    assert made.endswith(f"<!-- end -->\nafter\n<!-- soak -->\n{NOT_YET}\n<!-- end -->\n")
    assert renewed(made, RESULTS_OF_A_RUN, None) == made


def test_the_processes_share_of_the_machine_is_told() -> None:
    made = renewed("<!-- cpu -->\n<!-- end -->", RESULTS_OF_A_RUN, None)

    assert "| ours | 10 | 140 | 100 | 10 | 250 | 100% |" in made


@pytest.mark.parametrize(("floors", "kept"), [(10.0, True), (10.1, False)])
def test_a_ratio_is_kept_up_to_its_bound(floors: float, kept: bool) -> None:
    floor = dataclasses.replace(A_ROW, contender="floor", orders_a_second=floors)

    found = promise("orders a second beside the floor, 10 in flight", [A_ROW, floor], [])

    assert found.is_kept is kept
    assert found.bound == "at least 0.8"


@pytest.mark.parametrize(("late", "breached", "kept"), [(0, 0, True), (1, 0, False), (0, 1, False)])
def test_one_late_order_by_either_clock_is_one_too_many(late: int, breached: int, kept: bool) -> None:
    row = dataclasses.replace(A_ROW, late=late, breached=breached)

    assert promise("late of 300 orders, 10 in flight", [row], []).is_kept is kept


def test_the_worst_of_several_kills_counts_and_only_what_is_beyond_the_absence() -> None:
    worse = dataclasses.replace(A_KILL, stall=4.0, away=1.0)

    found = promise("stall after kill -9 of temporal, beyond its absence", [], [A_KILL, worse])

    assert found.measured == "3.00 s"
    assert not found.is_kept


def test_where_an_order_s_time_went_is_told_of_orders_one_at_a_time() -> None:
    alone = dataclasses.replace(A_ROW, in_flight=1, spans={Span.ACTIVITY: 0.1, Span.SERVER: 0.02})
    results = {**RESULTS_OF_A_RUN, "rows": [dataclasses.asdict(A_ROW), dataclasses.asdict(alone)]}

    told = list(spans(results))

    assert told[2:] == ["| ours | 100 | 0 | 0 | 20 |"]
