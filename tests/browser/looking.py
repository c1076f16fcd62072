"""What a person can see and do on a page."""

from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect

CUT_OFF = """() => [...document.querySelectorAll("main > .card *")]
  .filter((one) => one.childElementCount === 0 && one.textContent.trim() && one.checkVisibility())
  .filter((one) => {
    const card = one.closest("main > .card").getBoundingClientRect();
    const text = document.createRange();
    text.selectNodeContents(one);
    const isClipped = getComputedStyle(one).overflowX !== "visible" && one.scrollWidth > one.clientWidth + 1;
    return isClipped || text.getBoundingClientRect().right > card.right;
  })
  .map((one) => one.textContent)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looker:
    page: Page

    def open_live(self) -> None:
        """The live page, its stream running."""
        self.page.goto("/")
        expect(self.page.locator("#connection")).to_have_text("live")

    def row(self, order_id: int) -> Locator:
        return self.page.locator(f'tr[data-order="{order_id}"]')

    def press(self, order_id: int, command: str) -> None:
        self.page.get_by_role("button", name=f"{command} order {order_id}", exact=True).click()

    def sees(self, order_id: int, status: str) -> None:
        expect(self.row(order_id).locator(".status")).to_have_text(status)

    def is_told(self, *words: str) -> None:
        notice = self.page.locator(".notice").last
        for word in words:
            expect(notice).to_contain_text(word)

    def cut_off(self) -> list[str]:
        """The texts that reach out of their card, or were shortened to fit."""
        texts: list[str] = self.page.evaluate(CUT_OFF)
        return texts

    def overflows(self) -> bool:
        """Whether the page is wider than the window."""
        width: bool = self.page.evaluate("document.documentElement.scrollWidth > innerWidth")
        return width
