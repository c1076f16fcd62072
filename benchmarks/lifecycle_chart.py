"""Whole systems as a picture: what an order takes against how many there are a second."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log10

from benchmarks.drawing import dot, frame, grid_line, picture, stroke, text
from benchmarks.load import Row

WIDTH, HEIGHT = 980, 580
LEFT, TOP, PANEL_WIDTH, PANEL_HEIGHT = 70, 105, 660, 410
LEGEND_LEFT, LEGEND_LINE = LEFT + PANEL_WIDTH + 30, 22

COLOURS = {
    "floor": "#868e96",
    "ours": "#0b7285",
    "ours, HEDGES=1": "#5f3dc4",
    "seven at once": "#c92a2a",
    "ours, server's defaults": "#2b8a3e",
    "DBOS on SQLite": "#e8590c",
}
FOREMOST = "ours"
UNKNOWN = "#000000"

WORDS = (
    "dot: the median of an order; its line reaches the 99th percentile. Beside it: orders in flight",
    "lower right is better; both scales are logarithmic",
)
TICKS = tuple(
    digit * 10.0**power for power in range(-3, 4) for digit in (1, 2, 5) if digit * 10.0**power < 5000
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """From a figure between `low` and `high` to a place between `begin` and `end`, by logarithm."""

    low: float
    high: float
    begin: float
    end: float

    def at(self, figure: float) -> float:
        share = log10(figure / self.low) / log10(self.high / self.low)
        return self.begin + share * (self.end - self.begin)

    def ticks(self) -> list[float]:
        return [tick for tick in TICKS if self.low <= tick <= self.high]


def scale_over(figures: Sequence[float], begin: float, end: float) -> Scale:
    """With a margin on either side."""
    return Scale(low=min(figures) / 1.3, high=max(figures) * 1.3, begin=begin, end=end)


def draw(rows: Sequence[Row]) -> str:
    """Return the picture as SVG, with a line through the loads of each contender."""
    across = scale_over([row.orders_a_second for row in rows], LEFT, LEFT + PANEL_WIDTH)
    down = scale_over([time for row in rows for time in (row.p50, row.p99)], TOP + PANEL_HEIGHT, TOP)
    names = list(dict.fromkeys(row.contender for row in rows))
    parts = [
        text(LEFT, 34, "What an order takes, and how many there are a second", "title"),
        *(text(LEFT, 58 + 18 * number, line) for number, line in enumerate(WORDS)),
        *_axes(across, down),
        *_legend(names),
    ]
    # Ours last, over all others.
    for name in sorted(names, key=lambda name: name == FOREMOST):
        parts += _contender(across, down, [row for row in rows if row.contender == name])
    return picture(WIDTH, HEIGHT, parts)


def _axes(across: Scale, down: Scale) -> Iterable[str]:
    bottom = TOP + PANEL_HEIGHT
    for tick in down.ticks():
        y = down.at(tick)
        yield grid_line(LEFT, y, LEFT + PANEL_WIDTH, y)
        yield text(LEFT - 8, y + 4, f"{tick:g} s", "small", anchor="end")
    for tick in across.ticks():
        x = across.at(tick)
        yield grid_line(x, TOP, x, bottom)
        yield text(x, bottom + 16, f"{tick:g}", "small", anchor="middle")
    yield frame(LEFT, TOP, PANEL_WIDTH, PANEL_HEIGHT)
    yield text(LEFT + PANEL_WIDTH / 2, bottom + 36, "orders a second", "small", anchor="middle")


def _contender(across: Scale, down: Scale, rows: Sequence[Row]) -> Iterable[str]:
    ordered = sorted(rows, key=lambda row: row.in_flight)
    places = [(across.at(row.orders_a_second), down.at(row.p50)) for row in ordered]
    colour, radius = _colour_of(rows[0].contender), 6 if rows[0].contender == FOREMOST else 4.5
    for before, after in pairwise(places):
        yield stroke(*before, *after, colour, ' stroke-dasharray="2 4"')
    for row, (x, y) in zip(ordered, places, strict=True):
        yield stroke(x, y, x, down.at(row.p99), colour, ' stroke-width="2"')
        yield dot(x, y, colour, radius=radius)
        yield text(x + 8, y + 12, str(row.in_flight), "small", colour=colour)


def _legend(names: Sequence[str]) -> Iterable[str]:
    for number, name in enumerate(names):
        y = TOP + 14 + number * LEGEND_LINE
        yield dot(LEGEND_LEFT, y - 4, _colour_of(name), radius=6 if name == FOREMOST else 4.5)
        yield text(LEGEND_LEFT + 14, y, name, colour=_colour_of(name))


def _colour_of(name: str) -> str:
    return COLOURS.get(name, UNKNOWN)
