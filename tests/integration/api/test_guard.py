"""Who may ask: this machine's own pages and programs, under the names it is known by."""

import json
import socket
from contextlib import closing, nullcontext
from datetime import timedelta

import httpx
import pytest

import api.guards
from api.app import build_app
from config.settings import Settings
from tests.integration.api.caller import ADDRESS, Caller
from tests.integration.api.conftest import OpenApi
from tests.integration.api.test_dump import address_of

CONTRACT = build_app(lambda _: nullcontext(), Settings()).openapi()

# Every operation, and what is served beside them.
PATHS = [
    *((method, path) for path, operations in CONTRACT["paths"].items() for method in operations),
    ("get", "/docs"),
    ("get", "/openapi.json"),
    ("get", "/static/swagger-ui/swagger-ui.css"),
    ("get", "/nowhere"),
]


def ask(api: Caller, method: str, path: str, **headers: str) -> httpx.Response:
    return api.http.request(method, path.replace("{order_id}", "1"), headers=headers)


def assert_refused(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_a_request_for_an_unknown_host_is_refused(method: str, path: str, api: Caller) -> None:
    assert_refused(ask(api, method, path, host="evil.example"), 400, "UNKNOWN_HOST")


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_a_page_of_another_site_is_refused(method: str, path: str, api: Caller) -> None:
    assert_refused(ask(api, method, path, origin="http://evil.example"), 403, "FOREIGN_ORIGIN")


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_a_fetch_from_another_site_is_refused(method: str, path: str, api: Caller) -> None:
    assert_refused(ask(api, method, path, **{"sec-fetch-site": "cross-site"}), 403, "FOREIGN_ORIGIN")


@pytest.mark.parametrize(
    "host", ["", "localhost.evil.example", "127.0.0.1.evil.example", "127.0.0.1@evil", "[::1"]
)
def test_a_host_that_only_looks_like_ours_is_refused(host: str, api: Caller) -> None:
    assert_refused(ask(api, "get", "/healthz", host=host), 400, "UNKNOWN_HOST")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:8000", "localhost", "LocalHost:8000", "[::1]", "[::1]:8000"]
)
def test_this_machine_is_known_by_its_loopback_names(host: str, api: Caller) -> None:
    assert ask(api, "get", "/healthz", host=host).status_code == 200


@pytest.mark.parametrize(
    "origin", ["null", "http://127.0.0.1", "http://[", "http://127.0.0.1:1", "", "\x80", "file://"]
)
def test_an_origin_that_is_not_ours_is_refused(origin: str, api: Caller) -> None:
    answer = api.http.get("/healthz", headers=[(b"origin", origin.encode("latin-1"))])

    assert_refused(answer, 403, "FOREIGN_ORIGIN")


def test_our_own_page_may_ask(api: Caller) -> None:
    own = {"origin": api.url, "sec-fetch-site": "same-origin"}

    assert ask(api, "get", "/healthz", **own).status_code == 200
    assert ask(api, "get", "/healthz", **{"sec-fetch-site": "none"}).status_code == 200


def test_no_other_site_is_told_that_it_may_read(api: Caller) -> None:
    answer = ask(api, "options", "/orders", **{"access-control-request-method": "POST"})

    assert answer.status_code == 405
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_a_refused_page_places_no_order(api: Caller) -> None:
    newest = api.place()

    api.http.post("/orders", json={"address": ADDRESS}, headers={"origin": "http://evil.example"})

    assert api.place() == newest + 1


def test_a_body_that_breaks_off_is_no_order(api: Caller) -> None:
    newest = api.place()
    body = json.dumps({"address": ADDRESS}).encode()

    with closing(socket.create_connection(address_of(api))) as client:
        head = (
            "POST /orders HTTP/1.1",
            "Host: 127.0.0.1",
            "Content-Type: application/json",
            f"Content-Length: {len(body) + 1}",
        )
        client.sendall("\r\n".join(head).encode() + b"\r\n\r\n" + body)
        client.shutdown(socket.SHUT_WR)
        client.recv(1)

    assert api.place() == newest + 1


def test_a_body_that_never_arrives_is_not_waited_for(
    open_api: OpenApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.guards, "BODY_READ_WITHIN", timedelta(seconds=0.1))
    caller = open_api()

    with closing(socket.create_connection(address_of(caller))) as client:
        client.sendall(
            b"POST /orders HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{"
        )
        answer = b"".join(iter(lambda: client.recv(65536), b"")).decode()

    assert answer.startswith("HTTP/1.1 408")
    assert "BODY_TOO_SLOW" in answer


def test_a_path_that_leads_nowhere_is_a_problem_too(api: Caller) -> None:
    assert_refused(ask(api, "get", "/nowhere"), 404, "NOT_FOUND")


@pytest.mark.parametrize(
    "path",
    ["/orders/", "/orders//stage", "/orders/1/stage/", "/static/../../main.py", "/static/%2e%2e/app.py"],
)
def test_a_path_is_right_or_wrong(path: str, api: Caller) -> None:
    assert ask(api, "get", path).status_code == 404


@pytest.mark.parametrize(
    ("path", "methods"), [("/orders/1", "GET"), ("/orders", "GET, POST"), ("/docs", "GET")]
)
def test_a_method_that_is_not_allowed_is_a_problem_that_names_those_that_are(
    path: str, methods: str, api: Caller
) -> None:
    answer = ask(api, "delete", path)

    assert_refused(answer, 405, "METHOD_NOT_ALLOWED")
    assert answer.headers["allow"] == methods
