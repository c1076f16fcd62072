"""The table as a picture: what an order takes against what it costs, one panel a stub."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log10

from benchmarks.drawing import brief, dot, frame, grid_line, picture, stroke, text
from benchmarks.measure import Row

WIDTH, HEIGHT = 980, 825
PANEL_WIDTH, PANEL_HEIGHT = 400, 270
LEFT, TOP, PANEL_GAP_X, PANEL_GAP_Y = 70, 120, 75, 80

ATTEMPTS = (2.5, 8.0)
SECONDS = (0.005, 3000.0)
LABEL_LINE = 15

OURS = "rolling"
COLOURS = {
    OURS: "#0b7285",
    "seven at once": "#c92a2a",
    "one at a time": "#495057",
    "nopanic": "#e8590c",
    "asynchedging": "#7048e8",
    "hedge-python": "#2b8a3e",
}
LEGEND = (
    "dot: 99th percentile of an order, its line reaches the 99.99th; lower left is better",
    "stub A: a third of the calls fails, a third hangs. B: 2 % fail, 65 % hang. 50 ms: median of a success",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Where one stub's panel lies, and its two scales."""

    left: float
    top: float

    def x(self, attempts: float) -> float:
        low, high = ATTEMPTS
        return self.left + (attempts - low) / (high - low) * PANEL_WIDTH

    def y(self, seconds: float) -> float:
        low, high = (log10(bound) for bound in SECONDS)
        share = (log10(min(max(seconds, SECONDS[0]), SECONDS[1])) - low) / (high - low)
        return self.top + (1 - share) * PANEL_HEIGHT


def draw(rows: Sequence[Row]) -> str:
    """Return the picture as SVG: a dot is the 99th percentile of an order, its line reaches the 99.99th."""
    stubs = list(dict.fromkeys(row.stub for row in rows))
    parts = [
        text(LEFT, 34, "What an order of seven flaky stages takes, and what it costs", "title"),
        *(text(LEFT, 56 + 18 * number, line) for number, line in enumerate(LEGEND)),
    ]
    for index, stub in enumerate(stubs):
        panel = Panel(
            left=LEFT + index % 2 * (PANEL_WIDTH + PANEL_GAP_X),
            top=TOP + index // 2 * (PANEL_HEIGHT + PANEL_GAP_Y),
        )
        parts += _panel(panel, stub, [row for row in rows if row.stub == stub])
    return picture(WIDTH, HEIGHT, parts)


def _panel(panel: Panel, stub: str, rows: Sequence[Row]) -> Iterable[str]:
    yield from _axes(panel, stub)
    yield from _price_curve(panel, [row for row in rows if row.policy == OURS or "price" in row.policy])
    shown = [row for row in rows if row.policy in COLOURS]
    for row in shown:
        yield from _mark(panel, row)
    yield from _labels(panel, shown)


def _axes(panel: Panel, stub: str) -> Iterable[str]:
    right, bottom = panel.left + PANEL_WIDTH, panel.top + PANEL_HEIGHT
    for seconds in (0.01, 0.1, 1, 10, 100, 1000):
        y = panel.y(seconds)
        yield grid_line(panel.left, y, right, y)
        yield text(panel.left - 8, y + 4, f"{seconds:g} s", "small", anchor="end")
    for attempts in range(3, 9):
        x = panel.x(attempts)
        yield grid_line(x, panel.top, x, bottom)
        yield text(x, bottom + 16, str(attempts), "small", anchor="middle")
    yield frame(panel.left, panel.top, PANEL_WIDTH, PANEL_HEIGHT)
    yield text(panel.left, panel.top - 8, f"stub {stub}", "panel")
    yield text(panel.left + PANEL_WIDTH / 2, bottom + 33, "attempts a stage", "small", anchor="middle")


def _price_curve(panel: Panel, rows: Sequence[Row]) -> Iterable[str]:
    """What the one knob does: ours at other prices, from dear calls to cheap ones."""
    ordered = sorted(rows, key=lambda row: row.attempts)
    for before, after in pairwise(ordered):
        begin, end = ((panel.x(row.attempts), panel.y(row.p99)) for row in (before, after))
        yield stroke(*begin, *end, COLOURS[OURS], ' stroke-dasharray="3 3"')
    for row in ordered:
        if row.policy != OURS:
            yield dot(panel.x(row.attempts), panel.y(row.p99), COLOURS[OURS], radius=2.5)
    if len(ordered) > 1:
        last = ordered[-1]
        x, y = panel.x(last.attempts), panel.y(last.p99) + 34
        yield text(x, y, "rolling, the cheaper a call the further right", "small", anchor="end")


def _mark(panel: Panel, row: Row) -> Iterable[str]:
    x, colour = panel.x(row.attempts), COLOURS[row.policy]
    yield stroke(x, panel.y(row.p99), x, panel.y(row.p9999), colour, ' stroke-width="2"')
    yield dot(x, panel.y(row.p99), colour, radius=6 if row.policy == OURS else 4.5)


def _labels(panel: Panel, rows: Sequence[Row]) -> Iterable[str]:
    """Beside the dots, spread so that none covers another; on the left where the right has no room."""
    lowest_free = {"start": panel.top + PANEL_HEIGHT, "end": panel.top + PANEL_HEIGHT}
    for row in sorted(rows, key=lambda row: row.p99):
        anchor = "end" if row.attempts > sum(ATTEMPTS) / 2 else "start"
        y = min(panel.y(row.p99) + (22 if row.policy == OURS else 4), lowest_free[anchor])
        lowest_free[anchor] = y - LABEL_LINE
        x = panel.x(row.attempts) + (-6 if row.policy == OURS else 12 if anchor == "start" else -12)
        yield text(x, y, f"{row.policy}, {brief(row.p99)} s", anchor=anchor, colour=COLOURS[row.policy])
