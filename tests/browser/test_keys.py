"""In key mode the page asks for the key, keeps it to its tab, and never writes it into an address."""

import re

from playwright.sync_api import Page, expect

from tests.integration.api.keyring import Keyring


def test_the_page_asks_for_a_key_and_shows_its_owners_orders_alone(keyed_page: Page, ring: Keyring) -> None:
    addresses: list[str] = []
    keyed_page.on("request", lambda request: addresses.append(request.url))
    adas, bobs = ring.ada.place(), ring.bob.place()
    keyed_page.goto("/")
    keyed_page.get_by_role("textbox", name="Key").fill("no such key")
    keyed_page.get_by_role("button", name="Use it").click()
    expect(keyed_page.get_by_role("heading", name="That key is not known here")).to_be_visible()

    keyed_page.get_by_role("textbox", name="Key").fill(ring.keys["ada"])
    keyed_page.get_by_role("button", name="Use it").click()

    expect(keyed_page.locator("#connection")).to_have_text("live")
    expect(keyed_page.locator(f'tr[data-order="{adas}"]')).to_be_visible()
    expect(keyed_page.locator("#events li", has_text=f"#{adas}").first).to_be_visible()
    expect(keyed_page.locator("#server-state")).to_have_text("for admins")
    assert keyed_page.locator(f'tr[data-order="{bobs}"]').count() == 0
    assert not [address for address in addresses if ring.keys["ada"] in address]


def test_swagger_is_authorized_with_a_key(keyed_page: Page, ring: Keyring) -> None:
    order = ring.ada.place()
    keyed_page.goto("/docs")

    keyed_page.get_by_role("button", name="Authorize").first.click()
    keyed_page.locator(".auth-container input").first.fill(ring.keys["ada"])
    keyed_page.locator(".auth-container button.authorize").first.click()
    keyed_page.locator("button.btn-done").first.click()
    keyed_page.locator("#operations-orders-get_order .opblock-summary-control").click()
    keyed_page.locator("#operations-orders-get_order input").first.fill(str(order))
    keyed_page.locator("#operations-orders-get_order .execute").click()

    response = keyed_page.locator("#operations-orders-get_order .live-responses-table")
    expect(response).to_contain_text(re.compile(rf'"id":\s*{order}'))
