"""What was set out to be reached, and what was measured of it; ratios, since machines differ."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks.load import Row
from benchmarks.recovery import RecoveryRow

FLOOR, OURS, SEVEN, DBOS = "floor", "ours", "seven at once", "DBOS on SQLite"


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """One mark in words, with what was measured and what was to be reached."""

    words: str
    measured: str
    bound: str
    is_kept: bool


def promises(rows: Sequence[Row], recovery: Sequence[RecoveryRow]) -> list[Promise]:
    """Every mark for which both sides were measured."""
    found = {(row.contender, row.in_flight): row for row in rows}
    return [*_beside_others(found), *_in_time(found), *_after_a_kill(recovery)]


def _beside_others(rows: dict[tuple[str, int], Row]) -> Iterator[Promise]:
    for in_flight in (10, 50):
        words = f"orders a second beside the floor, {in_flight} in flight"
        yield from _ratio(rows, words, in_flight, FLOOR, lambda row: row.orders_a_second, least=0.8)
    yield from _ratio(rows, "median beside the floor, one at a time", 1, FLOOR, lambda row: row.p50, most=1.6)
    yield from _ratio(rows, "p99 beside the floor, one at a time", 1, FLOOR, lambda row: row.p99, most=3.0)
    words = "p99 beside seven at once, one at a time"
    yield from _ratio(rows, words, 1, SEVEN, lambda row: row.p99, most=1 / 8)
    words = "calls a stage beside seven at once, one at a time"
    yield from _ratio(rows, words, 1, SEVEN, lambda row: row.calls or 0.0, most=0.45)
    for in_flight in (1, 10, 50):
        words = f"orders a second beside DBOS, {in_flight} in flight"
        yield from _ratio(rows, words, in_flight, DBOS, lambda row: row.orders_a_second, least=1.0)
        words = f"median beside DBOS, {in_flight} in flight"
        yield from _ratio(rows, words, in_flight, DBOS, lambda row: row.p50, most=1.0)


def _ratio(
    rows: dict[tuple[str, int], Row],
    words: str,
    in_flight: int,
    other: str,
    figure: Callable[[Row], float],
    *,
    least: float = 0.0,
    most: float = float("inf"),
) -> Iterator[Promise]:
    ours, theirs = rows.get((OURS, in_flight)), rows.get((other, in_flight))
    if ours is None or theirs is None:
        return
    ratio = figure(ours) / figure(theirs)
    bound = f"at least {least:g}" if least else f"at most {most:g}"
    yield Promise(words=words, measured=f"{ratio:.2f}", bound=bound, is_kept=least <= ratio <= most)


def _in_time(rows: dict[tuple[str, int], Row]) -> Iterator[Promise]:
    if ours := rows.get((OURS, 10)):
        yield Promise(
            words=f"late of {ours.orders} orders, 10 in flight",
            measured=str(ours.late),
            bound="none",
            is_kept=not ours.late and not ours.breached,
        )


def _after_a_kill(rows: Sequence[RecoveryRow]) -> Iterator[Promise]:
    for victim in dict.fromkeys(row.victim for row in rows):
        worst = max((row for row in rows if row.victim == victim), key=lambda row: row.beyond)
        beyond = "" if worst.away is None else ", beyond its absence"
        yield Promise(
            words=f"stall after kill -9 of {victim}{beyond}",
            measured=f"{worst.beyond:.2f} s",
            bound=f"at most {worst.most:g} s",
            is_kept=worst.beyond <= worst.most,
        )
