import hashlib
import mimetypes
import re
from html.parser import HTMLParser

import httpx
import pytest

from api.pages import ASSETS, static_files
from tests.integration.api.caller import Caller
from tests.integration.api.conftest import OpenApi

# Folders of files that others have made, each with the sums of what was published.
VENDORED = ("swagger-ui", "uplot")
LISTED = [
    (folder, *line.split())
    for folder in VENDORED
    for line in (ASSETS / folder / "SHA256SUMS").read_text().splitlines()
]

# What a script loads by name, and what a sheet does.
IMPORTED = re.compile(r"^(?:import|export) .*?from \"(.+?)\";$|^import \"(.+?)\";$", re.MULTILINE)
LOADED_BY_SHEET = re.compile(r"url\((?![\"']?data:)|@import")


class References(HTMLParser):
    """Everything a page loads."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in {"src", "href"} and value]


def test_swagger_is_loaded_from_this_host_only(api: Caller) -> None:
    page = api.http.get("/docs")

    references = References(page.text).found
    assert page.status_code == 200
    assert len(references) == 3
    for reference in references:
        assert reference.startswith("/static/")
        assert api.http.get(reference).status_code == 200
    assert "https://" not in page.text


def test_the_browser_is_told_to_load_nothing_from_elsewhere(api: Caller) -> None:
    policy = api.http.get("/docs").headers["content-security-policy"]

    assert "default-src 'none'" in policy
    assert "http" not in policy


def test_swagger_asks_no_stranger_to_judge_the_contract(api: Caller) -> None:
    assert '"validatorUrl": null' in api.http.get("/docs").text


@pytest.mark.parametrize(("folder", "digest", "name"), LISTED)
def test_an_asset_is_the_one_that_was_published(folder: str, digest: str, name: str, api: Caller) -> None:
    served = api.http.get(f"/static/{folder}/{name}")

    assert hashlib.sha256(served.content).hexdigest() == digest


def test_a_script_is_one_whatever_the_machine_takes_it_for() -> None:
    """Windows' registry may say text/plain."""
    mimetypes.add_type("text/plain", ".js")
    mimetypes.add_type("text/plain", ".css")

    static_files()

    kinds = [mimetypes.guess_type(name)[0] for name in ("live.js", "live.css")]
    assert kinds == ["text/javascript", "text/css"]


@pytest.mark.parametrize("folder", VENDORED)
def test_every_asset_of_others_is_listed_and_comes_with_its_licence(folder: str) -> None:
    files = list((ASSETS / folder).iterdir())

    loaded = {file.name for file in files if file.suffix in {".js", ".css", ".png"}}
    assert loaded == {name for of, _, name in LISTED if of == folder}
    assert {"LICENSE", "VERSION"} <= {file.name for file in files}


def test_no_stylesheet_loads_anything_from_elsewhere() -> None:
    sheets = list(ASSETS.rglob("*.css"))

    assert len(sheets) >= 3
    for sheet in sheets:
        assert LOADED_BY_SHEET.findall(sheet.read_text()) == [], sheet.name


@pytest.mark.parametrize("path", ["/", "/pages/orders/1"])
def test_a_page_is_put_together_from_this_machine_alone_and_has_no_inline_script(
    path: str, api: Caller
) -> None:
    page = api.http.get(path)

    loaded = [reference for reference in References(page.text).found if reference.startswith("/static")]
    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    assert "$" not in page.text
    assert len(loaded) >= 3
    for reference in loaded:
        assert api.http.get(reference).status_code == 200, reference
    assert not re.search(r"<script(?![^>]*src=)|<style| style=| on[a-z]+=", page.text)
    assert "https://" not in page.text


def test_what_a_script_imports_is_there() -> None:
    scripts = list((ASSETS / "page").glob("*.js"))

    assert len(scripts) > 10
    for script in scripts:
        for found in IMPORTED.findall(script.read_text()):
            wanted = "".join(found)
            target = ASSETS / wanted.removeprefix("/static/") if wanted[0] == "/" else script.parent / wanted
            assert target.is_file(), f"{script.name} imports {wanted}"


def test_the_page_is_asked_for_anew_each_time_and_sent_only_if_it_changed(api: Caller) -> None:
    first = api.http.get("/static/page/live.js")

    known = {"If-None-Match": first.headers["etag"]}
    again = httpx.get(f"{api.url}/static/page/live.js", headers=known, trust_env=False)

    assert first.headers["cache-control"] == "no-cache"
    assert again.status_code == 304


def test_the_page_leads_to_the_embedded_servers_own_page_and_to_no_other(
    api: Caller, open_api: OpenApi
) -> None:
    embedded = open_api(temporal_environment={}, temporal_ui_port=4242)

    assert "http://127.0.0.1:4242/namespaces/default/workflows" in embedded.http.get("/").text
    assert "/namespaces/" not in api.http.get("/").text


@pytest.mark.parametrize("order_id", ["0", "soon", "-1"])
def test_the_page_of_no_order_is_refused(order_id: str, api: Caller) -> None:
    assert api.http.get(f"/pages/orders/{order_id}").status_code == 422
