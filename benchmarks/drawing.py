"""What the charts are drawn with: SVG, and how a figure is written on it."""

from collections.abc import Iterable, Sequence
from html import escape

STYLE = (
    "text{font-family:system-ui,'DejaVu Sans',sans-serif;font-size:12px;fill:#343a40}"
    ".title{font-size:18px;font-weight:600}.panel{font-size:14px;font-weight:600}.small{font-size:11px}"
    ".grid{stroke:#e9ecef}.frame{fill:none;stroke:#adb5bd}"
)


def picture(width: int, height: int, parts: Iterable[str]) -> str:
    """Return the whole SVG, on white."""
    lines = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">',
        f"<style>{STYLE}</style>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    )
    return "\n".join([*lines, *parts, "</svg>"]) + "\n"


def text(
    x: float, y: float, words: str, kind: str = "", *, anchor: str = "start", colour: str | None = None
) -> str:
    fill = f' style="fill:{colour}"' if colour else ""
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{fill}>{escape(words)}</text>'


def dot(x: float, y: float, colour: str, *, radius: float) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{colour}"/>'


def stroke(x1: float, y1: float, x2: float, y2: float, colour: str, more: str = "") -> str:
    """A straight line; `more` is whatever else is to be said of it."""
    ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {ends} stroke="{colour}"{more}/>'


def polyline(points: Sequence[tuple[float, float]], colour: str) -> str:
    drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{drawn}" fill="none" stroke="{colour}" stroke-width="1.5"/>'


def grid_line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="grid" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def frame(x: float, y: float, width: float, height: float) -> str:
    return f'<rect class="frame" x="{x}" y="{y}" width="{width}" height="{height}"/>'


def brief(figure: float) -> str:
    """Two digits that count."""
    return f"{figure:.0f}" if figure >= 10 else f"{figure:.2g}"
