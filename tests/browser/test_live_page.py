import json
import re

import pytest
from playwright.sync_api import Route, ViewportSize, expect
from sqlalchemy import Connection, insert

from db.books import now
from db.models import Order
from domain.stages import Stage
from domain.status import OrderStatus
from tests.browser.looking import Looker
from tests.integration.api.backroom import Backroom
from tests.integration.api.caller import Caller
from tests.integration.api.dice import SettableDice
from tests.integration.api.listener import listening_to

LAPTOP = ViewportSize(width=1280, height=800)
PHONE = ViewportSize(width=390, height=844)
LIT, REACHED = '.light[data-state="lit"]', '.light[data-state="reached"]'


def newest(api: Caller) -> int:
    order_id: int = api.http.get("/orders", params={"limit": 1}).json()["orders"][0]["id"]
    return order_id


def test_an_order_is_started_approved_and_followed_to_its_end(look: Looker, api: Caller) -> None:
    look.open_live()
    look.page.get_by_role("button", name="1 order", exact=True).click()
    look.is_told("Start an order")
    order = newest(api)
    look.sees(order, "in review")
    api.begins(order, Stage.ORDER_REVIEWED)
    expect(look.row(order).locator(LIT)).to_have_attribute("title", "Reviewed")

    look.press(order, "Approve")

    look.sees(order, "completed")
    expect(look.row(order).locator(REACHED)).to_have_count(8)
    expect(look.row(order).locator(".attempts .won")).to_have_count(1)
    expect(look.page.locator("#events li", has_text=f"#{order}").first).to_contain_text("completed")


@pytest.mark.slow
def test_a_cancelled_order_says_what_became_of_the_money(look: Looker, api: Caller) -> None:
    order = api.place()
    look.open_live()

    look.press(order, "Cancel")

    look.is_told(f"Cancel order {order}", "nothing was charged")
    look.sees(order, "cancelled")


def test_a_refusal_is_shown_with_its_reason(look: Looker, api: Caller, dice: SettableDice) -> None:
    dice.hold("deliver")
    order = api.place_for_review()
    look.open_live()
    look.press(order, "Approve")
    expect(look.row(order).locator(REACHED)).to_have_count(7)

    look.press(order, "Cancel")

    look.is_told("TOO_LATE", "return the order once it is delivered")
    expect(look.page.locator('#events [data-type="command_refused"]').first).to_contain_text("TOO_LATE")


def test_the_calls_of_a_stage_at_work_are_seen_running(look: Looker, api: Caller, dice: SettableDice) -> None:
    dice.hold("charge")
    order = api.place_for_review()
    look.open_live()

    look.press(order, "Approve")

    expect(look.row(order).locator(".attempts .running")).to_be_visible()
    expect(look.row(order).locator(".attempts .text")).to_have_text(re.compile(r"\d+\.\d s charging"))


@pytest.mark.slow
def test_the_time_a_person_takes_to_review_is_not_the_orders(look: Looker, api: Caller) -> None:
    look.page.clock.install()
    order = api.place()
    look.open_live()
    look.sees(order, "in review")
    expect(look.page.locator("#events li", has_text=f"#{order}")).to_have_count(2)

    look.page.clock.fast_forward("10:00")

    expect(look.row(order).locator(".budget")).to_have_attribute("data-state", "within")
    look.page.goto(f"/pages/orders/{order}")
    look.page.clock.fast_forward("10:00")
    expect(look.page.locator("#budget .budget")).to_have_attribute("data-state", "within")


def test_an_address_is_changed_in_a_dialog_with_the_keyboard_alone(look: Looker, api: Caller) -> None:
    order = api.place()
    look.open_live()
    look.page.get_by_role("button", name=f"Address order {order}", exact=True).focus()

    look.page.keyboard.press("Enter")
    expect(look.page.get_by_label("Street")).to_be_focused()
    look.page.keyboard.type("3 Quay Road")
    look.page.keyboard.press("Enter")

    look.is_told(f"Address of order {order}", "Leiden")
    assert api.order(order)["address"]["city"] == "Leiden"


@pytest.mark.slow
def test_a_return_and_a_rejection_are_one_press_and_one_reason_away(look: Looker, api: Caller) -> None:
    kept, turned_down = api.place_for_review(), api.place_for_review()
    look.open_live()
    look.press(kept, "Approve")
    look.sees(kept, "completed")

    look.press(kept, "Return")
    look.press(turned_down, "Reject")
    look.page.get_by_label("Reason").fill("not today")
    look.page.keyboard.press("Enter")

    look.sees(kept, "returned")
    look.sees(turned_down, "rejected")


@pytest.mark.slow
def test_the_weather_is_changed_and_told(look: Looker, api: Caller) -> None:
    look.open_live()

    look.page.locator('input[name="sky"][value="storm"]').check(force=True)
    look.page.locator('input[name="hedges"][value="3"]').check(force=True)

    expect(look.page.locator("#weather-now")).to_have_text(
        "50 % of calls fail, 40 % hang; up to 3 calls at once"
    )
    weather = api.http.get("/weather").json()
    assert (weather["fail"], weather["hang"], weather["hedges"]) == (0.5, 0.4, 3)
    api.http.put("/weather", json={})


def test_after_a_break_the_page_goes_on_where_it_was_and_misses_nothing(look: Looker, api: Caller) -> None:
    order = api.place_for_review()
    with listening_to(api) as messages:
        hello = next(messages).content
    asked_for: list[str] = []

    def answer(route: Route) -> None:
        """The first stream breaks off after its greeting; before the second begins the order ends."""
        asked_for.append(route.request.url)
        if len(asked_for) == 1:
            content = json.dumps(hello)
            broken = f"event: hello\ndata: {content}\nid: {hello['after']}\nretry: 10\n\n"
            route.fulfill(body=broken, content_type="text/event-stream")
        else:
            api.approve(order)
            api.ends(order, "completed")
            route.continue_()

    look.page.route("**/events/stream**", answer)

    look.open_live()

    look.sees(order, "completed")
    missed = [event for event in api.order(order)["events"] if event["id"] > hello["after"]]
    expect(look.page.locator("#events li", has_text=f"#{order}")).to_have_count(len(missed))
    assert len(missed) == 8


def test_a_laptop_shows_every_text_in_full(look: Looker, api: Caller) -> None:
    look.page.set_viewport_size(LAPTOP)
    done, order = api.place_for_review(), api.place_for_review()

    look.open_live()
    for each in (done, order):
        look.sees(each, "in review")
    api.approve(done)

    look.sees(done, "completed")
    expect(look.page.locator("#components li")).not_to_have_count(0)
    expect(look.page.locator("#stages tr")).not_to_have_count(0)
    assert look.cut_off() == []


@pytest.mark.slow
def test_a_phone_shows_everything_and_nothing_is_cut_off(look: Looker, api: Caller) -> None:
    look.page.set_viewport_size(PHONE)
    order = api.place()

    look.open_live()

    look.sees(order, "in review")
    expect(look.page.get_by_role("button", name=f"Cancel order {order}", exact=True)).to_be_visible()
    assert not look.overflows()
    look.page.goto(f"/pages/orders/{order}")
    expect(look.page.locator("#payments")).to_contain_text("No money has moved.")
    assert not look.overflows()


@pytest.mark.slow
def test_it_is_dark_or_light_as_the_system_is_until_a_person_says_otherwise(look: Looker) -> None:
    shown = "getComputedStyle(document.documentElement).colorScheme"
    for scheme in ("dark", "light"):
        look.page.emulate_media(color_scheme=scheme)
        look.open_live()
        assert look.page.evaluate(shown) == scheme

    look.page.get_by_role("button", name="Dark or light").click()

    look.open_live()
    assert look.page.evaluate(shown) == "dark"
    look.page.evaluate("localStorage.clear()")


@pytest.mark.slow
def test_the_arrows_lead_from_order_to_order_and_enter_opens_one(look: Looker, api: Caller) -> None:
    below, above = api.place(), api.place()
    look.open_live()
    look.row(above).get_by_role("link").focus()

    look.page.keyboard.press("ArrowDown")
    expect(look.row(below).get_by_role("link")).to_be_focused()
    look.page.keyboard.press("Enter")

    look.page.wait_for_url(f"**/pages/orders/{below}")
    expect(look.page.locator("#status")).to_have_text("in review")


@pytest.mark.slow
def test_an_order_s_page_tells_its_history_its_money_and_what_can_be_done(look: Looker, api: Caller) -> None:
    order = api.place_for_review()
    look.page.goto(f"/pages/orders/{order}")
    expect(look.page.locator("#actions li").first).to_contain_text("cancelled")

    look.page.get_by_role("button", name="Approve").click()

    expect(look.page.locator("#status")).to_have_text("completed")
    expect(look.page.locator("#payments")).to_contain_text("42.00")
    expect(look.page.locator("#timeline li").last).to_contain_text("Ended: completed")
    expect(look.page.locator("#actions li").first).to_contain_text("ALREADY_COMPLETED")
    look.page.get_by_role("button", name="Cancel").click()
    look.is_told("ALREADY_COMPLETED")


def test_of_a_thousand_orders_a_page_is_drawn_and_only_the_row_that_changed_is_written(
    look: Looker, api: Caller, backroom: Backroom
) -> None:
    backroom.db.write_now(add_a_thousand_ended)
    order, beside = api.place(), api.place()
    look.open_live()
    expect(look.page.locator("#page")).to_contain_text(re.compile(r"^1\d\d\d orders · page 1 of"))
    expect(look.page.locator("#rows tr")).to_have_count(20)
    look.sees(beside, "in review")
    look.page.evaluate(OBSERVE_ROWS)

    look.press(order, "Cancel")

    look.sees(order, "cancelled")
    assert look.page.evaluate("[...touched]") == [str(order)]
    look.page.get_by_role("button", name="Older orders").click()
    expect(look.page.locator("#page")).to_contain_text("page 2 of")
    expect(look.row(order)).to_have_count(0)


# The seconds of an open order go on by themselves, and are left aside.
OBSERVE_ROWS = """
window.touched = new Set();
new MutationObserver((changes) => {
  for (const { target } of changes) {
    const element = target.nodeType === Node.TEXT_NODE ? target.parentElement : target;
    if (!element?.closest(".budget")) touched.add(element?.closest("tr")?.dataset.order);
  }
}).observe(document.getElementById("rows"), { subtree: true, childList: true, attributes: true });
"""


def add_a_thousand_ended(connection: Connection) -> None:
    address = {"line1": "1 Mill Lane", "city": "Ely", "postal_code": "CB7 4AB", "country": "GB"}
    ended = {"status": OrderStatus.CANCELLED, "created_at": now(), "ended_at": now(), "sla_breached": False}
    row = {"address": address, "items": [], "amount_cents": 4200, **ended}
    connection.execute(insert(Order), [{**row, "workflow_id": f"none-{number}"} for number in range(1000)])
