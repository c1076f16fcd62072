"""What is promised of security, sentence by sentence, of the whole system from outside.

That nobody knows of a hole in what it is made of, and that bandit finds nothing, is `test_supply_chain`'s.
"""

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache
from hmac import compare_digest
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from starlette.datastructures import Headers

from api.asking import recognise
from api.contract import contract
from api.turnstile import MAX_IN_FLIGHT
from benchmarks.running_system import ROOT, RunningSystem, family, started
from config.api_keys import digest_of
from tests.e2e.known import Known
from tests.e2e.planted import ADDRESS, columns_with_the_planted, live_through_everything, planted_in
from tests.e2e.standstill import (
    NOT_FOR_EVER_SECONDS,
    all_that_is_sent,
    cancel_all_at_once,
    frozen,
    half_requests,
    place_until_refused,
)

LOOPBACK = {"127.0.0.1", "::1"}

LOADED_FROM_ELSEWHERE = re.compile(r"(?:src|href)=[\"'](?:https?:)?//[^\"']+")

PINNED = re.compile(r"^[a-z0-9-]+==\S+ (; .+ )?\\$")


@pytest.fixture(scope="module")
def known() -> Known:
    return Known()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("security") / "var"


@pytest.fixture(scope="module")
def system(known: Known, folder: Path) -> Iterator[RunningSystem]:
    """With keys, and orders behind it that heard every command; asked as its admin."""
    holders = " ".join(map(str, known.holders))
    settings = {"API_KEYS": holders, "PAYLOAD_KEY": known.payload_key, "LOG_LEVEL": "DEBUG"}
    with started(folder, REVIEW_SECONDS="0.5", **settings) as running:
        running.http.headers["X-API-Key"] = known.admin
        live_through_everything(running)
        yield running


@cache
def operations() -> list[tuple[str, str]]:
    paths: dict[str, Any] = json.loads(contract())["paths"]
    return [(method, path.replace("{order_id}", "1")) for path, ways in paths.items() for method in ways]


def ask(system: RunningSystem, method: str, path: str, **headers: str) -> httpx.Response:
    return system.http.request(method, path, headers=headers)


def as_stranger(system: RunningSystem, path: str = "/orders", **headers: str) -> httpx.Response:
    return httpx.get(system.http.base_url.join(path), headers=headers, trust_env=False)


def test_every_port_is_on_the_loopback_interface(system: RunningSystem, folder: Path) -> None:
    listening = {
        connection.laddr.ip
        for process in family(folder)
        for connection in process.net_connections(kind="tcp")
        if connection.status == psutil.CONN_LISTEN
    }

    assert listening
    assert listening <= LOOPBACK


def test_without_keys_it_refuses_to_listen_elsewhere(tmp_path: Path) -> None:
    ended = subprocess.run(
        [ROOT / ".venv/bin/python", "main.py"],
        cwd=ROOT,
        env={"DATA_DIR": str(tmp_path), "API_HOST": "0.0.0.0", "API_KEYS": ""},
        capture_output=True,
        text=True,
    )

    assert ended.returncode == 2
    assert ended.stderr.startswith("API_HOST: only this machine may reach the API")
    assert ended.stderr.count("\n") == 1


def test_a_key_is_taken_as_a_header_or_a_bearer(system: RunningSystem, known: Known) -> None:
    assert as_stranger(system, **{"X-API-Key": known.ada}).status_code == 200
    assert as_stranger(system, Authorization=f"Bearer {known.ada}").status_code == 200
    assert as_stranger(system).status_code == 401


def test_each_scope_opens_its_own_and_no_more(system: RunningSystem, known: Known) -> None:
    def told(key: str, method: str, path: str) -> int:
        return ask(system, method, path, **{"X-API-Key": key}).status_code

    assert (told(known.reader, "GET", "/orders"), told(known.reader, "POST", "/orders")) == (200, 403)
    assert (told(known.ada, "GET", "/orders"), told(known.ada, "POST", "/orders")) == (200, 422)
    assert (told(known.ada, "GET", "/db-dump"), told(known.admin, "GET", "/db-dump")) == (403, 200)


def test_every_key_is_compared_in_a_time_that_says_nothing_of_it(
    known: Known, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By what is compared with what, and how: no clock could tell it through a network."""
    compared: list[tuple[str, str]] = []

    def watched(one: str, other: str) -> bool:
        compared.append((one, other))
        return compare_digest(one, other)

    monkeypatch.setattr("api.asking.compare_digest", watched)
    asked = (known.ada, known.admin, known.ada[:-1], "no key", "")

    found = [recognise(Headers({"X-API-Key": key}), known.holders) for key in asked]

    assert [asker and asker.owner for asker in found] == ["ada", "ops", None, None, None]
    assert compared == [(holder.digest, digest_of(key)) for key in asked for holder in known.holders]


def test_a_key_in_an_address_opens_nothing(system: RunningSystem, known: Known) -> None:
    assert as_stranger(system, f"/orders?key={known.ada}&api_key={known.ada}").status_code == 401


def test_an_order_of_another_owner_is_not_found(system: RunningSystem, known: Known) -> None:
    placed = system.http.post("/orders", json={"address": ADDRESS}, headers={"X-API-Key": known.ada}).json()
    path = f"/orders/{placed['order_id']}"

    assert ask(system, "GET", path, **{"X-API-Key": known.ada}).status_code == 200
    assert ask(system, "GET", path, **{"X-API-Key": known.bob}).status_code == 404
    assert ask(system, "POST", f"{path}/cancel", **{"X-API-Key": known.bob}).status_code == 404
    assert ask(system, "GET", "/orders", **{"X-API-Key": known.bob}).json()["orders"] == []


def test_unknown_hosts_foreign_origins_and_cross_site_fetches_are_refused_everywhere(
    system: RunningSystem,
) -> None:
    for method, path in operations():
        assert ask(system, method, path, host="evil.example").status_code == 400, path
        assert ask(system, method, path, origin="http://evil.example").status_code == 403, path
        assert ask(system, method, path, **{"sec-fetch-site": "cross-site"}).status_code == 403, path


def test_no_other_site_is_ever_told_that_it_may_read(system: RunningSystem) -> None:
    for path in ("/orders", "/healthz", "/", "/openapi.json"):
        asked = {"origin": str(system.http.base_url).rstrip("/"), "access-control-request-method": "POST"}
        answers = [ask(system, method, path, **asked) for method in ("GET", "OPTIONS")]

        assert not [
            name for answer in answers for name in answer.headers if name.startswith("access-control")
        ]


@pytest.mark.parametrize(
    "body",
    [
        {"address": ADDRESS, "owner": "bob"},
        {"address": {**ADDRESS, "note": "x"}},
        {"address": {**ADDRESS, "line1": 7}},
        {"address": {**ADDRESS, "line1": "x" * 1000}},
        {"address": ADDRESS, "items": [{"sku": "a", "quantity": "1", "unit_price_cents": 1}]},
        {"address": ADDRESS, "items": [{"sku": "a", "quantity": 1000, "unit_price_cents": 1}]},
    ],
)
def test_extra_fields_other_types_and_more_than_there_may_be_are_refused(
    body: dict[str, Any], system: RunningSystem
) -> None:
    assert system.http.post("/orders", json=body).status_code == 422


def test_a_body_beyond_its_bound_is_not_read(system: RunningSystem) -> None:
    assert system.http.post("/orders", content=b'"' + b"x" * 70_000 + b'"').status_code == 413


def test_nobody_is_waited_for_for_ever_and_no_more_let_in_than_can_be_answered(
    system: RunningSystem, known: Known
) -> None:
    """While nobody works on orders, so that all that is asked at once stays."""
    with ExitStack() as stack:
        head, body = half_requests(stack, system, known.admin)
        with frozen(system.components()["order-worker"]["pid"]):
            placed, order_too_many = place_until_refused(system)
            told, longest_seconds = cancel_all_at_once(system, placed)

        assert (order_too_many.json()["code"], order_too_many.headers["retry-after"]) == ("OVERLOADED", "1")
        assert told == {"DECISION_PENDING": MAX_IN_FLIGHT, "OVERLOADED": MAX_IN_FLIGHT // 2}
        assert longest_seconds < NOT_FOR_EVER_SECONDS
        assert {system.ended(order)["status"] for order in placed} == {"cancelled"}
        assert all_that_is_sent(head) == b""
        assert all_that_is_sent(body).startswith(b"HTTP/1.1 408")


def test_start_server_takes_no_parameters_and_runs_no_shell(system: RunningSystem, folder: Path) -> None:
    described = json.loads(contract())["paths"]["/server/start"]["post"]
    before = system.components()

    answer = system.http.post("/server/start?program=/bin/sh", json={"program": "/bin/sh"})

    assert not described.get("parameters")
    assert "requestBody" not in described
    assert answer.status_code == 200
    assert system.components() == before
    assert not [process.name() for process in family(folder) if process.name() in {"sh", "bash", "dash"}]


def test_what_looks_like_sql_is_text(system: RunningSystem) -> None:
    poison = "1'); DROP TABLE orders;--"
    order = system.place(address={**ADDRESS, "line1": poison})

    assert system.order(order)["address"]["line1"] == poison
    for query in ("status=completed'--", "stage=x' OR '1'='1", "cursor=0'--", "limit=1;DROP TABLE orders"):
        assert system.http.get(f"/orders?{query}").status_code == 422
    assert system.order(order)["id"] == order


def test_every_record_of_the_log_is_one_line(system: RunningSystem, folder: Path) -> None:
    for path in ("/orders/1%0AWARNING%20forged", "/nowhere%0D%0A{}"):
        assert system.http.get(path).status_code in {404, 422}

    lines = [
        line
        for file in [folder / "start.log", *folder.glob("logs/*worker*.log")]
        for line in file.read_text().splitlines()
    ]

    assert lines
    for line in lines:
        assert isinstance(json.loads(line), dict), line


def test_an_address_is_only_where_it_must_be(system: RunningSystem, folder: Path) -> None:
    """In the orders table and on the carrier's label; in Temporal's own files it is encrypted."""
    kept_by_temporal = b"".join(file.read_bytes() for file in folder.rglob("temporal*.db*"))
    others = [file for file in folder.rglob("*") if file.is_file() and not file.name.startswith("orders.db")]

    assert kept_by_temporal.count(b"binary/encrypted") > 10
    assert not [file for file in others if planted_in(file.read_bytes())]
    assert columns_with_the_planted(folder / "orders.db") == {"orders.address", "carrier_log.address"}
    assert not planted_in(system.http.get("/metrics").content)
    assert not planted_in(system.http.get("/orders/1/timeline").content)


def test_no_key_is_in_a_command_line_or_in_a_file(system: RunningSystem, folder: Path, known: Known) -> None:
    told = [word for process in family(folder) for word in process.cmdline()]
    written = [file.read_bytes() for file in folder.rglob("*") if file.is_file()]

    for secret in known.secrets:
        assert not [word for word in told if secret in word]
        assert not [text for text in written if secret.encode() in text]


def test_the_settings_file_is_ignored_by_git_and_its_owners_alone() -> None:
    assert ".env" in (ROOT / ".gitignore").read_text().splitlines()
    assert (ROOT / ".env").stat().st_mode & 0o077 == 0


def test_the_pages_load_nothing_from_other_hosts(system: RunningSystem) -> None:
    for path in ("/", "/docs", "/pages/orders/1"):
        page = system.http.get(path)

        assert not LOADED_FROM_ELSEWHERE.findall(without_temporals_own(page.text, system))
        assert page.headers["content-security-policy"].startswith("default-src 'none'")
        assert "http" not in page.headers["content-security-policy"]


def without_temporals_own(page: str, system: RunningSystem) -> str:
    """A link that a person may follow is not loaded."""
    return page.replace(f"http://127.0.0.1:{system.environment['TEMPORAL_UI_PORT']}", "")


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-otel.lock", "requirements-dev.lock"])
def test_every_dependency_is_pinned_with_hashes(lock: str) -> None:
    text = (ROOT / lock).read_text()
    blocks = re.findall(r"^[a-z0-9].*?(?=^[a-z0-9]|\Z)", text, re.MULTILINE | re.DOTALL)

    assert len(blocks) > 20
    for block in blocks:
        assert PINNED.match(block.splitlines()[0]), block.splitlines()[0]
        assert "--hash=sha256:" in block
