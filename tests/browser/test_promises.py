"""What is promised of the page: it tells of money, survives a restart, takes a thousand orders lightly."""

import json
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Route, expect

from config.settings import Settings
from domain.stages import Stage
from main import create_app
from supervisor.ports import free_port
from tests.browser.looking import Looker
from tests.integration.api.backroom import Backroom
from tests.integration.api.caller import Caller
from tests.integration.api.conftest import over, ready
from tests.integration.api.dice import SettableDice
from tests.integration.api.listener import listening_to
from tests.integration.api.processes import MadeUpProcesses
from tests.integration.api.serving import serving

# Above it a person feels that the page does not answer.
LONGEST_TASK_MILLISECONDS = 50

# What the page's own scripts run in.
SCRIPT_TASKS = {
    "FunctionCall",
    "EvaluateScript",
    "RunMicrotasks",
    "EventDispatch",
    "TimerFire",
    "FireAnimationFrame",
}

A_THOUSAND = 1000
FIRST_OF_THEM = 500_001


@pytest.mark.slow
def test_a_cancellation_after_the_charge_says_what_is_paid_back(
    look: Looker, api: Caller, dice: SettableDice
) -> None:
    dice.hold("prepare")
    order = api.place_for_review()
    look.open_live()
    look.press(order, "Approve")
    api.reaches(order, Stage.PAYMENT_CHARGED)

    look.press(order, "Cancel")

    look.is_told(f"Cancel order {order}", "42.00")
    dice.let_everything_go()
    look.sees(order, "cancelled")


@contextmanager
def an_api_at(port: int, folder: Path, backroom: Backroom) -> Iterator[Caller]:
    given = {"data_dir": folder, "api_port": port, "autostart": False, "review_mode": "manual"}
    settings = Settings.model_validate({**given, **over(backroom)})
    with closing(socket.socket()) as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(("127.0.0.1", port))
        with serving(create_app(settings, MadeUpProcesses()), bound):
            caller = Caller(f"http://127.0.0.1:{port}")
            yield ready(caller)
            caller.http.close()


@pytest.mark.slow
def test_the_page_survives_a_restart_of_the_api(browser: Browser, backroom: Backroom, tmp_path: Path) -> None:
    port, mistakes = free_port(), []
    page = browser.new_page(base_url=f"http://127.0.0.1:{port}")
    page.on("pageerror", lambda error: mistakes.append(str(error)))
    look = Looker(page=page)
    with an_api_at(port, tmp_path, backroom) as api:
        order = api.place_for_review()
        look.open_live()
        look.sees(order, "in review")

    expect(page.locator("#connection")).to_have_text("reconnecting")
    with an_api_at(port, tmp_path, backroom):
        expect(page.locator("#connection")).to_have_text("live")
        look.press(order, "Approve")
        look.sees(order, "completed")
        page.close()

    assert mistakes == []


# A stream that says what was recorded of one order for each of a thousand, far quicker than it was.
REPLAY = """
(() => {
  const { recorded, first, orders, tag } = %s;
  const ask = window.fetch;
  const lines = (id, said) => `id: ${id}\\ndata: ${JSON.stringify(said)}\\n\\n`;
  async function* feed() {
    yield `event: hello\\nid: 0\\ndata: ${JSON.stringify({ tag, after: 0, resumes: false })}\\n\\n`;
    while (!document.querySelector(`tr[data-order="${first + orders - 1}"]`)) await pause(20);
    let id = 1;
    for (const said of recorded) {
      for (let from = 0; from < orders; from += 50) {
        let piece = "";
        for (let at = from; at < from + 50; at += 1, id += 1) {
          piece += lines(id, { ...said, id, order_id: first + at });
        }
        yield piece;
        await pause(5);
      }
    }
    await pause(60000);
  }
  const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
  const encoder = new TextEncoder();
  window.fetch = (path, options) => {
    if (!String(path).includes("/events/stream")) return ask(path, options);
    const said = feed();
    const body = new ReadableStream({
      async pull(controller) {
        controller.enqueue(encoder.encode((await said.next()).value));
      },
    });
    return Promise.resolve(new Response(body, { headers: { "Content-Type": "text/event-stream" } }));
  };
})();
"""


@pytest.mark.slow
def test_no_task_is_long_while_the_feed_of_a_thousand_orders_is_replayed(
    browser: Browser, api: Caller, tmp_path: Path
) -> None:
    row, recorded = a_recorded_order(api)
    page = browser.new_page(base_url=api.url)
    look = Looker(page=page)
    page.add_init_script(
        REPLAY
        % json.dumps({"recorded": recorded, "first": FIRST_OF_THEM, "orders": A_THOUSAND, "tag": "replayed"})
    )
    page.route("**/orders?limit=*", lambda route: answer_with_a_thousand(route, row))

    browser.start_tracing(page=page, path=tmp_path / "trace.json", categories=["devtools.timeline"])
    look.open_live()
    look.sees(FIRST_OF_THEM + A_THOUSAND - 1, "completed")
    traced = json.loads(browser.stop_tracing())["traceEvents"]
    page.close()

    # The time that the thread itself took: a busy machine makes no task longer.
    took = [event["tdur"] / 1000 for event in traced if event["name"] in SCRIPT_TASKS and "tdur" in event]
    assert len(took) > A_THOUSAND / 10
    assert max(took) < LONGEST_TASK_MILLISECONDS


def a_recorded_order(api: Caller) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The row of an order as it is listed at first, and all that is told of it until it has completed."""
    with listening_to(api) as messages:
        hello = next(messages).content
    order = api.place_for_review()
    api.approve(order)
    api.ends(order, "completed")
    recorded: list[dict[str, Any]] = []
    with listening_to(api, after=hello["after"]) as messages:
        while not recorded or recorded[-1]["type"] != "ended":
            message = next(messages)
            if message.name == "message" and message.content and message.content["order_id"] == order:
                recorded.append(message.content)
    (row,) = api.http.get("/orders", params={"limit": 1}).json()["orders"]
    return {**row, "status": "in_progress", "stage": None, "ended_at": None}, recorded


def answer_with_a_thousand(route: Route, row: dict[str, Any]) -> None:
    """The newest come first, half of them on a page; asked again, nothing is news."""
    if "limit=100" in route.request.url:
        route.fulfill(json={"orders": [], "next_cursor": None})
        return
    is_second = "cursor=" in route.request.url
    newest = FIRST_OF_THEM + A_THOUSAND - 1 - (A_THOUSAND // 2 if is_second else 0)
    rows = [{**row, "id": number} for number in range(newest, newest - A_THOUSAND // 2, -1)]
    route.fulfill(json={"orders": rows, "next_cursor": None if is_second else "further"})
