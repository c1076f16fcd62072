"""A long run as a picture: memory, open files and the databases over its minutes."""

from collections.abc import Iterable, Sequence
from typing import Any

from benchmarks.drawing import brief, frame, grid_line, picture, polyline, text

WIDTH, HEIGHT = 980, 560
LEFT, TOP, PANEL_WIDTH, PANEL_HEIGHT, PANEL_GAP = 70, 75, 700, 120, 35

# The rises of the grid lines, of which the first is taken that leaves at most so many.
STEPS = tuple(digit * 10.0**power for power in range(-2, 5) for digit in (1, 2, 5))
MOST_LINES = 5

COLOURS = ("#0b7285", "#c92a2a", "#2b8a3e", "#e8590c", "#7048e8", "#495057", "#d6336c", "#a57c00")

# By what the name of a figure ends in.
PANELS = {"memory_mib": "memory, MiB", "files": "files and sockets open", " mib": "databases, MiB"}


def draw(samples: Sequence[dict[str, Any]]) -> str:
    """Return the picture as SVG, a panel for each kind of figure."""
    parts = [text(LEFT, 34, f"{samples[-1]['orders']} orders, placed at a steady rate", "title")]
    for number, (ending, title) in enumerate(PANELS.items()):
        top = TOP + number * (PANEL_HEIGHT + PANEL_GAP)
        names = [name for name in samples[0]["figures"] if name.endswith(ending)]
        parts += _panel(top, title, ending, names, samples)
    bottom = TOP + len(PANELS) * (PANEL_HEIGHT + PANEL_GAP) - PANEL_GAP
    minutes = samples[-1]["seconds"] / 60
    parts.append(text(LEFT + PANEL_WIDTH, bottom + 18, f"{minutes:.1f} minutes", "small", anchor="end"))
    return picture(WIDTH, HEIGHT, parts)


def _panel(
    top: float, title: str, ending: str, names: Sequence[str], samples: Sequence[dict[str, Any]]
) -> Iterable[str]:
    high = 1.1 * max(taken["figures"].get(name, 0.0) for taken in samples for name in names)
    end, bottom = samples[-1]["seconds"], top + PANEL_HEIGHT
    step = next(step for step in STEPS if high / step <= MOST_LINES)
    for line in range(int(high / step) + 1):
        y = bottom - line * step / high * PANEL_HEIGHT
        yield grid_line(LEFT, y, LEFT + PANEL_WIDTH, y)
        yield text(LEFT - 8, y + 4, brief(line * step), "small", anchor="end")
    yield frame(LEFT, top, PANEL_WIDTH, PANEL_HEIGHT)
    yield text(LEFT, top - 8, title, "panel")
    for number, name in enumerate(names):
        colour = COLOURS[number % len(COLOURS)]
        points = [
            (
                LEFT + taken["seconds"] / end * PANEL_WIDTH,
                bottom - taken["figures"].get(name, 0.0) / high * PANEL_HEIGHT,
            )
            for taken in samples
        ]
        yield polyline(points, colour)
        words = f"{name.removesuffix(ending).strip()}, {brief(samples[-1]['figures'].get(name, 0.0))}"
        yield text(LEFT + PANEL_WIDTH + 14, top + 14 + number * 18, words, colour=colour)
