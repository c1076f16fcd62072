import json
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest

from db.database import STREAMS_AT_ONCE
from tests.integration.api.caller import ADDRESS, Caller
from tests.integration.api.conftest import OpenApi
from tests.integration.api.waiting import eventually

ROWS_TO_FILL_A_BUFFER = 20_000


def dump(api: Caller, **query: Any) -> dict[str, Any]:
    answer = api.http.get("/db-dump", params=query)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    found: dict[str, Any] = answer.json()
    return found


@pytest.fixture
def last_before(api: Caller) -> int:
    """The id after which a test's own orders come."""
    return api.place() if not (orders := dump(api)["orders"]) else int(orders[-1]["id"])


def test_the_dump_holds_the_three_tables(api: Caller, last_before: int) -> None:
    order_id = api.place()
    whole = api.ends(order_id, "completed")

    found = dump(api, after_order=last_before)

    assert list(found) == ["orders", "payments", "events"]
    assert found["payments"] == whole.pop("payments")
    assert found["events"] == whole.pop("events")
    assert found["orders"] == [whole]


def test_without_a_limit_everything_is_told(api: Caller) -> None:
    ids = [api.place() for _ in range(3)]

    assert [order["id"] for order in dump(api)["orders"]][-3:] == ids


def test_a_dump_is_paged_by_order(api: Caller, last_before: int) -> None:
    ids = [api.place() for _ in range(3)]
    for order_id in ids:
        api.ends(order_id, "completed")

    first = dump(api, after_order=last_before, limit=2)
    second = dump(api, after_order=ids[1], limit=2)

    assert [order["id"] for order in first["orders"]] == ids[:2]
    assert {event["order_id"] for event in first["events"]} == set(ids[:2])
    assert [order["id"] for order in second["orders"]] == ids[2:]
    assert {row["order_id"] for row in second["payments"]} == set(ids[2:])


@pytest.mark.slow
def test_a_dump_in_the_middle_of_a_run_agrees_with_itself(api: Caller, last_before: int) -> None:
    busy = Thread(target=lambda: [api.place() for _ in range(25)])
    busy.start()
    dumps = []
    while busy.is_alive():
        dumps.append(dump(api, after_order=last_before))
    busy.join()

    assert len(dumps) > 3
    for found in dumps:
        for order in found["orders"]:
            events = [event for event in found["events"] if event["order_id"] == order["id"]]
            assert [event["sequence"] for event in events] == list(range(1, len(events) + 1))
            reached = [event["stage"] for event in events if event["type"] == "stage_reached"]
            assert order["stage"] == (reached[-1] if reached else None)
            charges = [row for row in found["payments"] if row["order_id"] == order["id"]]
            assert len(charges) == ("payment_charged" in reached)


def test_as_text_there_are_three_readable_tables(api: Caller, last_before: int) -> None:
    order_id = api.place()
    order = api.ends(order_id, "completed")

    answer = api.http.get("/db-dump", params={"format": "text", "after_order": last_before})

    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    tables = {table.split("\n")[0]: table.split("\n")[1:] for table in answer.text.strip().split("\n\n")}
    assert list(tables) == ["orders", "payments", "events"]
    titles, rule, *rows = tables["orders"]
    assert titles.split()[:4] == ["id", "workflow_id", "status", "stage"]
    assert set(rule) == {"-", " "}
    [row] = rows
    for cell in (str(order_id), order["workflow_id"], "completed", "4200", order["created_at"]):
        assert cell in row
    assert [len(tables[name]) for name in tables] == [3, 3, 11]


def test_the_columns_of_a_text_table_are_aligned(api: Caller, last_before: int) -> None:
    for _ in range(2):
        api.place()

    text = api.http.get("/db-dump", params={"format": "text", "after_order": last_before}).text

    titles, _, first, second = text.split("\n")[1:5]
    at = titles.index("status")
    assert first[at:].startswith("in_progress") or first[at:].startswith("completed")
    assert second[at - 1] == " "


def test_a_dump_is_sent_as_it_is_read(api: Caller) -> None:
    api.place()

    with api.http.stream("GET", "/db-dump") as answer:
        assert "content-length" not in answer.headers
        assert answer.headers["transfer-encoding"] == "chunked"
        assert json.loads("".join(answer.iter_text()))["orders"]


@pytest.mark.parametrize(
    "query",
    [
        {"format": "xml"},
        {"limit": 0},
        {"limit": -1},
        {"limit": "many"},
        {"limit": 2**63},
        {"after_order": -1},
        {"after_order": 2**63},
    ],
)
def test_a_dump_that_can_not_be_made_is_a_mistake_in_the_request(query: dict[str, Any], api: Caller) -> None:
    answer = api.http.get("/db-dump", params=query)

    assert (answer.status_code, answer.json()["code"]) == (422, "INVALID_REQUEST")
    assert answer.json()["errors"][0]["field"] == f"query.{next(iter(query))}"


@pytest.mark.slow
def test_readers_who_stop_reading_keep_nobody_from_being_answered(open_api: OpenApi, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'many.db'}"
    api = open_api(database_url=url)
    fill(url)

    with stuck_readers(api, 10):
        answer = api.http.get("/orders/1/stage", params={"live": False}, timeout=5)

    assert answer.status_code == 200


@pytest.mark.slow
def test_when_many_are_reading_dumps_a_further_one_is_put_off(open_api: OpenApi, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'many.db'}"
    api = open_api(database_url=url)
    fill(url)

    with stuck_readers(api, 10):
        busy = eventually(
            lambda: (answer := api.http.get("/db-dump", params={"limit": 1})).status_code == 503 and answer,
            wanted="a dump that is put off",
        )

    assert busy
    assert busy.json()["code"] == "DUMPS_BUSY"
    eventually(lambda: api.http.get("/db-dump", params={"limit": 1}).is_success, wanted="a dump")


@pytest.mark.slow
def test_a_reader_who_stops_reading_is_let_go(
    open_api: OpenApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.serving.STOPPED_READING_AFTER", timedelta(seconds=0.5))
    url = f"sqlite:///{tmp_path / 'many.db'}"
    api = open_api(database_url=url)
    fill(url)

    with stuck_readers(api, STREAMS_AT_ONCE):
        eventually(lambda: a_short_dump(api).status_code == 503, wanted="a dump that is put off")
        eventually(lambda: a_short_dump(api).status_code == 200, wanted="a dump")


def a_short_dump(api: Caller) -> httpx.Response:
    return api.http.get("/db-dump", params={"limit": 1, "after_order": 1})


def fill(url: str) -> None:
    """An order with so many events that no socket's buffer holds them."""
    rows = ROWS_TO_FILL_A_BUFFER
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as books, books:
        books.execute(
            "INSERT INTO orders"
            " (id, workflow_id, status, address, items, amount_cents, created_at, sla_breached)"
            " VALUES (1, 'order-1', 'completed', ?, '[]', 0, '2026-01-01 00:00:00', 0)",
            [json.dumps(ADDRESS)],
        )
        books.executemany(
            "INSERT INTO events (order_id, sequence, type, at, actor, reason)"
            " VALUES (1, ?, 'command_refused', '2026-01-01 00:00:00', 'customer', ?)",
            [(sequence, "x" * 500) for sequence in range(1, rows + 1)],
        )


@contextmanager
def stuck_readers(api: Caller, number: int) -> Iterator[None]:
    """So many clients have asked for a dump and read nothing of it."""
    with ExitStack() as sockets:
        for _ in range(number):
            reader = sockets.enter_context(socket.create_connection(address_of(api)))
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            reader.sendall(b"GET /db-dump HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            reader.recv(1)
        yield


def address_of(api: Caller) -> tuple[str, int]:
    return api.http.base_url.host, api.http.base_url.port or 0
