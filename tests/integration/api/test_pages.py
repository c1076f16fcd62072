import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from api.pages import ASSETS
from tests.integration.api.caller import Caller

# The operations in the order of the contract.
SUMS = ASSETS / "swagger-ui" / "SHA256SUMS"
LISTED = [line.split() for line in SUMS.read_text().splitlines()]


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


@pytest.mark.parametrize(("digest", "name"), LISTED)
def test_an_asset_is_the_one_that_was_published(digest: str, name: str, api: Caller) -> None:
    served = api.http.get(f"/static/swagger-ui/{name}")

    assert hashlib.sha256(served.content).hexdigest() == digest


def test_every_asset_is_listed() -> None:
    loaded = {file.name for file in Path(SUMS.parent).iterdir() if file.suffix in {".js", ".css", ".png"}}

    assert loaded == {name for _, name in LISTED}


def test_the_stylesheet_loads_nothing_from_elsewhere(api: Caller) -> None:
    sheet = api.http.get("/static/swagger-ui/swagger-ui.css").text

    assert re.findall(r"url\((?![\"']?data:)|@import", sheet) == []
