"""The README's picture, taken of a running system: `python -m tests.browser.screenshot [file]`."""

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import ViewportSize, expect, sync_playwright

from benchmarks.running_system import ROOT, RunningSystem, started
from tests.browser.conftest import OPTIONS, PROGRAMS

PICTURE = ROOT / "docs" / "page.png"
WINDOW = ViewportSize(width=1280, height=860)

ORDERS = 14
STILL_AT_IT = 5


def some_orders(system: RunningSystem) -> None:
    """Enough have ended for the plots, with and without hedging."""
    for hedges in (1, 7):
        system.http.put("/weather", json={"hedges": hedges})
        # The workers follow within a second; an order's weather is the one it began in.
        system.ended(system.place())
        placed = [system.place() for _ in range(ORDERS)]
        system.http.post(f"/orders/{placed[-1]}/cancel")
        for order in placed:
            system.ended(order)


def take(picture: Path) -> None:
    """The page as a person sees it while orders go on."""
    program = next(filter(None, map(shutil.which, PROGRAMS)))
    with tempfile.TemporaryDirectory() as folder, started(Path(folder) / "var") as system:
        some_orders(system)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=program, args=OPTIONS)
            page = browser.new_page(viewport=WINDOW, base_url=str(system.http.base_url), color_scheme="light")
            page.goto("/")
            expect(page.locator("#connection")).to_have_text("live")
            for _ in range(STILL_AT_IT):
                system.place()
            expect(page.locator("#rows .light[data-state='lit']")).to_have_count(STILL_AT_IT)
            page.screenshot(path=picture)
            browser.close()


if __name__ == "__main__":
    take(Path(sys.argv[1]) if sys.argv[1:] else PICTURE)
