"""Each fault of the database is named, and nothing is written to find it."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import make_url

from bootstrap.findings import Finding, Verdict
from db.books import add_order, append_event, now
from db.database import Database
from db.schema import HEAD
from diagnosis import books as doctor
from domain.events import EventType
from domain.orders import DEMO_ITEMS, Address

HOME = Address(line1="1 Mill Lane", city="Ely", postal_code="CB7 4AB", country="GB")


def faults(url: str) -> list[Finding]:
    return [finding for finding in doctor.examine(url) if finding.verdict is Verdict.FAULT]


def the_fault(url: str) -> Finding:
    found = faults(url)
    assert len(found) == 1, found
    return found[0]


def file_of(url: str) -> Path:
    return Path(make_url(url).database or "")


def execute(url: str, statement: str, *values: str) -> None:
    with closing(sqlite3.connect(file_of(url))) as connection, connection:
        connection.execute(statement, values)


def test_a_sound_database_has_no_fault(books: str) -> None:
    assert faults(books) == []


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    found = list(doctor.examine(f"sqlite:///{tmp_path / 'orders.db'}"))

    assert [finding.verdict for finding in found] == [Verdict.NOTE]
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "orders.db").write_text("not a database, whatever its name" * 100)

    found = the_fault(f"sqlite:///{tmp_path / 'orders.db'}")

    assert "is damaged" in found.what
    assert "backup" in found.fix


def test_a_damaged_page_is_named(books: str) -> None:
    file = file_of(books)
    pages = bytearray(file.read_bytes())
    pages[4096 * 3 : 4096 * 6] = b"\xff" * 4096 * 3
    file.write_bytes(pages)

    found = the_fault(books)

    assert "is damaged" in found.what


def test_a_database_that_another_program_holds_is_named(books: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "LOCKED_FOR", timedelta(seconds=0.05))
    with closing(sqlite3.connect(file_of(books), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        found = the_fault(books)

    assert "locked by another program" in found.what
    assert "end that program" in found.fix


def test_tables_of_yesterday_are_named(books: str) -> None:
    execute(books, "UPDATE alembic_version SET version_num = ?", "0001")

    found = the_fault(books)

    assert found.what == f"at 0001, {HEAD} is needed"
    assert "./start" in found.fix


def test_tables_of_tomorrow_are_named(books: str) -> None:
    execute(books, "UPDATE alembic_version SET version_num = ?", "9999")

    found = the_fault(books)

    assert "does not know" in found.what
    assert "bring the code up to date" in found.fix


def test_a_database_without_any_tables_is_behind(tmp_path: Path) -> None:
    (tmp_path / "orders.db").touch()

    assert "at none" in the_fault(f"sqlite:///{tmp_path / 'orders.db'}").what


def test_a_postgresql_server_that_is_not_there_is_named_without_its_password() -> None:
    found = the_fault("postgresql+psycopg://somebody:a-secret@127.0.0.1:1/orders")

    assert "cannot be read" in found.what
    assert "DATABASE_URL" in found.fix
    assert "a-secret" not in str(found)


def test_an_event_of_the_future_betrays_a_clock(books: str) -> None:
    db = Database(books)
    order = db.write_now(partial(add_order, tag="tag", address=HOME, items=DEMO_ITEMS))
    ahead = now() + timedelta(hours=1)
    db.write_now(lambda session: append_event(session, order.order_id, EventType.ENDED, at=ahead))
    db.close()

    found = the_fault(books)

    assert found.subject == "workers' clocks"
    assert "NTP" in found.fix


@pytest.mark.parametrize("seconds", [-60, 60])
def test_clocks_that_differ_are_told_apart(seconds: int) -> None:
    ours = datetime(2030, 1, 1, tzinfo=UTC)

    found = doctor.compared("a clock", ours + timedelta(seconds=seconds), ours)

    assert found.verdict is Verdict.FAULT
    assert found.what == f"{seconds:+d} s from ours"
    assert doctor.compared("a clock", ours + timedelta(seconds=1), ours).verdict is Verdict.WELL
