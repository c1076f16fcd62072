"""A browser, and a page over a whole backroom whose dice a test holds."""

import shutil
from collections.abc import Iterator
from functools import partial

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    ViewportSize,
    expect,
    sync_playwright,
)

from tests.browser.looking import Looker
from tests.integration.api.backroom import Backroom, a_backroom
from tests.integration.api.caller import Caller
from tests.integration.api.conftest import an_api, over, ready
from tests.integration.api.dice import SettableDice
from tests.integration.api.keyring import Keyring, a_keyed_api
from tests.integration.api.processes import MadeUpProcesses

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")

# It would call home, over networks that a test machine may not have, and root cannot have its sandbox.
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

REFUSED = "the server responded with a status of 409"

# Milliseconds, far beyond what a loaded machine needs.
PATIENCE = 20_000

DESKTOP = ViewportSize(width=1440, height=900)


@pytest.fixture(scope="module")
def _browser() -> Iterator[Browser]:
    """While it is open a loop runs in this thread: no asynchronous test of another module could."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.skip("there is no Chromium here: apt install chromium")
    with sync_playwright() as playwright:
        expect.set_options(timeout=PATIENCE)
        launched = playwright.chromium.launch(executable_path=program, args=OPTIONS)
        yield launched
        launched.close()


@pytest.fixture
def browser(_browser: Browser) -> Browser:
    """For a test that needs a window of its own."""
    return _browser


@pytest.fixture(scope="session")
def _backroom(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backroom]:
    books = tmp_path_factory.mktemp("backroom") / "orders.db"
    with a_backroom(f"sqlite:///{books}") as running:
        yield running


@pytest.fixture(scope="session")
def _api(_backroom: Backroom, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    folder = tmp_path_factory.mktemp("api")
    with an_api(folder, MadeUpProcesses(), review_mode="manual", **over(_backroom)) as caller:
        yield ready(caller)


@pytest.fixture
def api(_api: Caller) -> Caller:
    """Orders wait for a reviewer, so that a test decides when they go on."""
    return _api


@pytest.fixture(scope="session")
def _ring(_backroom: Backroom, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyring]:
    with a_keyed_api(tmp_path_factory.mktemp("keys"), _backroom) as ring:
        yield ring


@pytest.fixture
def ring(_ring: Keyring, dice: SettableDice) -> Keyring:
    """Those with keys of an API that asks for them."""
    return _ring


@pytest.fixture
def keyed_page(_browser: Browser, ring: Keyring) -> Iterator[Page]:
    """A tab of somebody who has not said yet who they are."""
    with _browser.new_context(viewport=DESKTOP, base_url=ring.url) as window:
        window.set_default_timeout(PATIENCE)
        yield window.new_page()


@pytest.fixture
def backroom(_backroom: Backroom) -> Backroom:
    return _backroom


@pytest.fixture
def dice(_backroom: Backroom) -> Iterator[SettableDice]:
    yield _backroom.dice
    _backroom.dice.let_everything_go()


@pytest.fixture(scope="module")
def _window(_browser: Browser, _api: Caller) -> Iterator[BrowserContext]:
    """What the tabs share: the cache, and what a person chose."""
    with _browser.new_context(viewport=DESKTOP, base_url=_api.url) as window:
        window.set_default_timeout(PATIENCE)
        yield window


@pytest.fixture
def look(_window: BrowserContext, api: Caller, dice: SettableDice) -> Iterator[Looker]:
    """A tab; whatever it asked of other machines, and whatever went wrong in it, fails the test."""
    page = _window.new_page()
    wrongs: list[str] = []
    _watch(page, api.url, wrongs)
    yield Looker(page=page)
    page.close()
    assert wrongs == []


def _watch(page: Page, url: str, wrongs: list[str]) -> None:
    page.on("console", partial(_overheard, wrongs))
    page.on("pageerror", lambda error: wrongs.append(f"error: {error}"))
    page.on("request", partial(_asked, url, wrongs))


def _overheard(wrongs: list[str], message: ConsoleMessage) -> None:
    """A refusal is an answer with an error's status, which the browser mentions as well."""
    if message.type in {"error", "warning"} and REFUSED not in message.text:
        wrongs.append(f"{message.type}: {message.text}")


def _asked(url: str, wrongs: list[str], request: Request) -> None:
    if not request.url.startswith((url, "data:")):
        wrongs.append(f"asked {request.url}")
