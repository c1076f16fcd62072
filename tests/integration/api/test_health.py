import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.integration.api.caller import ADDRESS, Caller
from tests.integration.api.conftest import OpenApi, ready
from tests.integration.api.keyring import Keys, a_keyring
from tests.integration.api.processes import MadeUpProcesses


def test_the_api_says_that_it_is_alive(api: Caller) -> None:
    assert api.http.get("/healthz").json() == {"status": "alive"}


def test_the_api_says_that_it_is_ready(api: Caller) -> None:
    answer = api.http.get("/readyz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})


def test_what_is_missing_is_named(open_api: OpenApi) -> None:
    processes = MadeUpProcesses()
    processes.missing = {"temporal", "returns-worker"}
    api = open_api(processes)

    answer = api.http.get("/readyz")

    assert (answer.status_code, answer.json()["code"]) == (503, "NOT_READY")
    assert answer.json()["detail"] == "missing: temporal, returns-worker"


def test_why_something_is_missing_is_told_to_an_admin_alone(open_api: OpenApi) -> None:
    keys, processes = Keys(), MadeUpProcesses()
    processes.missing, processes.why = {"temporal"}, "its log ends so"
    with a_keyring(open_api(processes, api_keys=keys.holders).url, keys) as ring:
        told = {
            caller: caller.http.get("/readyz").json()["detail"]
            for caller in (ring.admin, ring.ada, ring.stranger)
        }

    assert told == {
        ring.admin: "missing: temporal (its log ends so)",
        ring.ada: "missing: temporal",
        ring.stranger: "missing: temporal",
    }


def test_a_temporal_server_that_the_api_can_not_reach_is_missing(open_api: OpenApi) -> None:
    api = open_api(temporal_environment={"TEMPORAL_ADDRESS": "127.0.0.1:9"})

    assert api.http.get("/readyz").json()["detail"] == "missing: temporal"


def test_a_database_without_its_tables_is_missing(open_api: OpenApi, tmp_path: Path) -> None:
    books = tmp_path / "orders.db"
    api = ready(open_api(database_url=f"sqlite:///{books}"))

    with closing(sqlite3.connect(books)) as stranger:
        stranger.execute("ALTER TABLE orders RENAME TO lost")

    assert api.http.get("/readyz").json()["detail"] == "missing: database"
    assert api.http.get("/orders/1").json()["code"] == "DATABASE_UNAVAILABLE"


def test_a_database_that_was_overwritten_is_missing(open_api: OpenApi, tmp_path: Path) -> None:
    books = tmp_path / "orders.db"
    api = ready(open_api(database_url=f"sqlite:///{books}"))

    overwrite(books)

    assert api.http.get("/readyz").json()["detail"] == "missing: database"
    for path in ("/orders/1", "/orders/1/stage", "/db-dump"):
        assert api.http.get(path).json()["code"] == "DATABASE_UNAVAILABLE"
    assert api.http.post("/orders", json={"address": ADDRESS}).json()["code"] == "DATABASE_UNAVAILABLE"


@pytest.mark.skipif(os.name == "nt", reason="Windows lets nobody move a file that is open")
def test_a_database_that_was_moved_or_replaced_is_missing_until_it_is_put_back(
    open_api: OpenApi, tmp_path: Path
) -> None:
    books, aside = tmp_path / "orders.db", tmp_path / "aside.db"
    api = ready(open_api(database_url=f"sqlite:///{books}"))
    missing = f"missing: database ({books} is not the file that was opened: put that back, "

    books.rename(aside)
    told = api.http.get("/readyz").json()["detail"]
    refused = api.http.post("/orders", json={"address": ADDRESS}).json()["code"]
    made_again = books.exists()
    shutil.copy(aside, books)
    told_of_the_copy = api.http.get("/readyz").json()["detail"]
    aside.rename(books)

    assert told == told_of_the_copy == f"{missing}or stop and start again)"
    assert refused == "DATABASE_UNAVAILABLE"
    assert not made_again
    assert api.http.get("/readyz").is_success


def overwrite(books: Path) -> None:
    for file in books.parent.glob(f"{books.name}*"):
        if file.suffix != ".migrating":
            file.write_bytes(b"no longer a database" * 10_000)
