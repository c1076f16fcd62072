"""The table as a picture: what an order takes against what it costs, one panel a stub."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from math import log10

from benchmarks.measure import Row

WIDTH, HEIGHT = 980, 825
PANEL_WIDTH, PANEL_HEIGHT = 400, 270
LEFT, TOP, PANEL_GAP_X, PANEL_GAP_Y = 70, 120, 75, 80

ATTEMPTS = (2.5, 8.0)
SECONDS = (0.05, 3000.0)
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
STYLE = (
    "text{font-family:system-ui,'DejaVu Sans',sans-serif;font-size:12px;fill:#343a40}"
    ".title{font-size:18px;font-weight:600}.panel{font-size:14px;font-weight:600}.small{font-size:11px}"
    ".grid{stroke:#e9ecef}.frame{fill:none;stroke:#adb5bd}"
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
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        f"<style>{STYLE}</style>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        _text(LEFT, 34, "What an order of seven flaky stages takes, and what it costs", "title"),
        *(_text(LEFT, 56 + 18 * number, line) for number, line in enumerate(LEGEND)),
    ]
    for index, stub in enumerate(stubs):
        panel = Panel(
            left=LEFT + index % 2 * (PANEL_WIDTH + PANEL_GAP_X),
            top=TOP + index // 2 * (PANEL_HEIGHT + PANEL_GAP_Y),
        )
        parts += _panel(panel, stub, [row for row in rows if row.stub == stub])
    return "\n".join([*parts, "</svg>"]) + "\n"


def _panel(panel: Panel, stub: str, rows: Sequence[Row]) -> Iterable[str]:
    yield from _axes(panel, stub)
    yield from _price_curve(panel, [row for row in rows if row.policy == OURS or "price" in row.policy])
    shown = [row for row in rows if row.policy in COLOURS]
    for row in shown:
        yield from _mark(panel, row)
    yield from _labels(panel, shown)


def _axes(panel: Panel, stub: str) -> Iterable[str]:
    right, bottom = panel.left + PANEL_WIDTH, panel.top + PANEL_HEIGHT
    for seconds in (0.1, 1, 10, 100, 1000):
        y = panel.y(seconds)
        yield f'<line class="grid" x1="{panel.left}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}"/>'
        yield _text(panel.left - 8, y + 4, f"{seconds:g} s", "small", anchor="end")
    for attempts in range(3, 9):
        x = panel.x(attempts)
        yield f'<line class="grid" x1="{x:.1f}" y1="{panel.top}" x2="{x:.1f}" y2="{bottom}"/>'
        yield _text(x, bottom + 16, str(attempts), "small", anchor="middle")
    size = f'width="{PANEL_WIDTH}" height="{PANEL_HEIGHT}"'
    yield f'<rect class="frame" x="{panel.left}" y="{panel.top}" {size}/>'
    yield _text(panel.left, panel.top - 8, f"stub {stub}", "panel")
    yield _text(panel.left + PANEL_WIDTH / 2, bottom + 33, "attempts a stage", "small", anchor="middle")


def _price_curve(panel: Panel, rows: Sequence[Row]) -> Iterable[str]:
    """What the one knob does: ours at other prices, from dear calls to cheap ones."""
    ordered = sorted(rows, key=lambda row: row.attempts)
    for before, after in pairwise(ordered):
        yield (
            f'<line x1="{panel.x(before.attempts):.1f}" y1="{panel.y(before.p99):.1f}"'
            f' x2="{panel.x(after.attempts):.1f}" y2="{panel.y(after.p99):.1f}"'
            f' stroke="{COLOURS[OURS]}" stroke-dasharray="3 3"/>'
        )
    for row in ordered:
        if row.policy != OURS:
            yield _dot(panel, row, COLOURS[OURS], radius=2.5)
    if len(ordered) > 1:
        last = ordered[-1]
        x, y = panel.x(last.attempts), panel.y(last.p99) + 34
        yield _text(x, y, "rolling, the cheaper a call the further right", "small", anchor="end")


def _mark(panel: Panel, row: Row) -> Iterable[str]:
    x, colour = panel.x(row.attempts), COLOURS[row.policy]
    yield (
        f'<line x1="{x:.1f}" y1="{panel.y(row.p99):.1f}" x2="{x:.1f}" y2="{panel.y(row.p9999):.1f}"'
        f' stroke="{colour}" stroke-width="2"/>'
    )
    yield _dot(panel, row, colour, radius=6 if row.policy == OURS else 4.5)


def _labels(panel: Panel, rows: Sequence[Row]) -> Iterable[str]:
    """Beside the dots, spread so that none covers another; on the left where the right has no room."""
    lowest_free = {"start": panel.top + PANEL_HEIGHT, "end": panel.top + PANEL_HEIGHT}
    for row in sorted(rows, key=lambda row: row.p99):
        anchor = "end" if row.attempts > sum(ATTEMPTS) / 2 else "start"
        y = min(panel.y(row.p99) + (22 if row.policy == OURS else 4), lowest_free[anchor])
        lowest_free[anchor] = y - LABEL_LINE
        x = panel.x(row.attempts) + (-6 if row.policy == OURS else 12 if anchor == "start" else -12)
        yield _text(x, y, f"{row.policy}, {_brief(row.p99)} s", anchor=anchor, colour=COLOURS[row.policy])


def _brief(seconds: float) -> str:
    """Two digits that count."""
    return f"{seconds:.0f}" if seconds >= 10 else f"{seconds:.2g}"


def _dot(panel: Panel, row: Row, colour: str, *, radius: float) -> str:
    return (
        f'<circle cx="{panel.x(row.attempts):.1f}" cy="{panel.y(row.p99):.1f}" r="{radius}" fill="{colour}"/>'
    )


def _text(
    x: float, y: float, words: str, kind: str = "", *, anchor: str = "start", colour: str | None = None
) -> str:
    fill = f' style="fill:{colour}"' if colour else ""
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{fill}>{escape(words)}</text>'
