"""What fails in the database is told without what was to be written."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from db import database
from db.database import Database

ADDRESS = {"address": '{"line1": "1 Harbour Street"}'}

TO_NOWHERE = "INSERT INTO nowhere VALUES (:address)"
OF_HALF_AN_ORDER = "INSERT INTO orders (address, items) VALUES (:address, '[]')"


@pytest.mark.parametrize("statement", [TO_NOWHERE, OF_HALF_AN_ORDER])
def test_an_error_does_not_tell_the_address_it_could_not_write(db: Database, statement: str) -> None:
    def write(connection: Connection) -> None:
        connection.execute(text(statement), ADDRESS)

    with pytest.raises(DBAPIError) as caught:
        db.write_now(write)

    assert "Harbour" not in f"{caught.value} {caught.value.orig} {caught.value.__cause__}"


def test_an_error_names_the_rule_that_was_broken(db: Database) -> None:
    with pytest.raises(IntegrityError, match="installation"):
        db.write_now(
            lambda connection: connection.execute(text("INSERT INTO installation (tag) VALUES (NULL)"))
        )


def test_a_writer_that_waited_in_vain_to_begin_is_told_in_the_words_of_any_other_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MILLISECONDS", 1)
    file = tmp_path / "locked.db"
    db = Database(f"sqlite:///{file}")
    with closing(sqlite3.connect(file)) as holder:
        holder.execute("PRAGMA journal_mode = WAL")
        holder.execute("BEGIN IMMEDIATE")

        with pytest.raises(OperationalError, match="locked"):
            db.write_now(lambda _: None)

    db.write_now(lambda _: None)
    db.close()
