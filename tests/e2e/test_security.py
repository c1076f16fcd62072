"""What reliability asks of security, sentence by sentence, of the whole system from outside."""

import base64
import json
import re
import secrets
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from api.contract import contract
from benchmarks.running_system import ROOT, RunningSystem, family, started
from config.api_keys import KeyHolder, Scope, new_key

# In no other file, name or message than those this test leads it into.
PLANTED = "77 Zanzibar Planted Lane"
PLANTED_TOO = "78 Timbuktu Planted Lane"
ADDRESS = {"line1": PLANTED, "city": "Ely", "postal_code": "CB7 4AB", "country": "GB"}

LOOPBACK = {"127.0.0.1", "::1"}

LOADED_FROM_ELSEWHERE = re.compile(r"(?:src|href)=[\"'](?:https?:)?//[^\"']+")

PINNED = re.compile(r"^[a-z0-9-]+==\S+ (; .+ )?\\$")


class Known:
    """Two owners and an admin, and the key to what Temporal keeps."""

    def __init__(self) -> None:
        owners = frozenset({Scope.READ, Scope.WRITE})
        self.ada, ada = new_key("ada", owners)
        self.bob, bob = new_key("bob", owners)
        self.admin, ops = new_key("ops", frozenset({Scope.ADMIN}))
        self.holders: tuple[KeyHolder, ...] = (ada, bob, ops)
        self.payload_key = base64.b64encode(secrets.token_bytes(32)).decode()

    @property
    def secrets(self) -> tuple[str, ...]:
        return self.ada, self.bob, self.admin, self.payload_key


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


def live_through_everything(system: RunningSystem) -> None:
    order, cancelled = (system.place(address=ADDRESS) for _ in range(2))
    changed = system.http.put(f"/orders/{order}/address", json={**ADDRESS, "line1": PLANTED_TOO})
    assert changed.json()["address"]["line1"] == PLANTED_TOO
    assert system.http.post(f"/orders/{cancelled}/cancel").status_code == 200
    assert system.ended(order)["status"] == "completed"
    assert system.http.put(f"/orders/{order}/address", json=ADDRESS).status_code == 409
    assert system.http.post(f"/orders/{order}/return").status_code == 200
    assert system.ended(cancelled)["status"] == "cancelled"


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


def test_a_key_is_taken_as_a_header_or_a_bearer_and_never_from_an_address(
    system: RunningSystem, known: Known
) -> None:
    assert as_stranger(system, **{"X-API-Key": known.ada}).status_code == 200
    assert as_stranger(system, Authorization=f"Bearer {known.ada}").status_code == 200
    assert as_stranger(system).status_code == 401
    assert as_stranger(system, f"/orders?key={known.ada}&api_key={known.ada}").status_code == 401


def test_scopes_are_kept_apart(system: RunningSystem, known: Known) -> None:
    assert ask(system, "GET", "/db-dump", **{"X-API-Key": known.ada}).status_code == 403
    assert ask(system, "GET", "/db-dump", **{"X-API-Key": known.admin}).status_code == 200


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


def planted_in(raw: bytes) -> bool:
    return any(text.encode() in raw or text.encode("utf-16-le") in raw for text in (PLANTED, PLANTED_TOO))


def columns_with_the_planted(books: Path) -> set[str]:
    with closing(sqlite3.connect(f"file:{books}?mode=ro", uri=True)) as connection:
        tables = [
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        return {
            f"{table}.{column[1]}"
            for table in tables
            for column in connection.execute(f"PRAGMA table_info({table})").fetchall()
            for (value,) in connection.execute(f'SELECT "{column[1]}" FROM {table}')
            if planted_in(str(value).encode())
        }


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
