import json
import logging
import re
from typing import Any

import httpx
import pytest

from tests.integration.api.caller import ADDRESS, KEY, Caller

HEADER = "X-Request-ID"


def test_a_request_that_names_itself_keeps_its_name(api: Caller) -> None:
    answer = api.http.get("/healthz", headers={HEADER: "mine-1"})

    assert answer.headers[HEADER] == "mine-1"


@pytest.mark.parametrize("harmful", ["a b", "x" * 65, "a\tb", '{"level":"ERROR"}'])
def test_a_name_that_could_harm_a_log_is_replaced(api: Caller, harmful: str) -> None:
    answer = api.http.get("/healthz", headers={HEADER: harmful})

    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers[HEADER])


def test_a_refused_request_has_a_name_too(api: Caller) -> None:
    answer = api.http.get("/healthz", headers={"Host": "elsewhere.example"})

    assert answer.is_client_error
    assert answer.headers[HEADER]


def test_an_answer_that_says_we_made_a_mistake_has_a_name_a_key_and_a_line_in_the_log(
    api: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def place(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("api.placing.place", place)
    with caplog.at_level(logging.INFO):
        answer = httpx.post(f"{api.url}/orders", json={"address": ADDRESS}, trust_env=False)

    assert (answer.status_code, answer.json()["code"]) == (500, "INTERNAL_ERROR")
    assert answer.headers[HEADER]
    assert answer.headers[KEY]
    assert [record.getMessage() for record in caplog.records if record.exc_info] == ["request.crashed"]
    assert "request.answered" in caplog.messages


def test_a_command_is_told_aloud_and_its_body_is_not(api: Caller, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="api.journal"):
        order = api.place()
        api.http.post(f"/orders/{order}/cancel", json={"reason": "my own business"})
        api.http.get(f"/orders/{order}")

    told = [vars(record) for record in caplog.records if record.name == "api.journal"]
    assert [(each["method"], each["path"]) for each in told] == [
        ("POST", "/orders"),
        ("POST", f"/orders/{order}/cancel"),
    ]
    assert "my own business" not in json.dumps(told, default=str)
