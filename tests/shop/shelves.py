"""Where the tests' databases come from: empty ones, and ones that are up to date without migrating each."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from functools import cached_property
from pathlib import Path
from secrets import token_hex
from typing import Any, Protocol

import psycopg
from sqlalchemy import make_url

from db.models import Base, Installation
from db.schema import migrate

SQLITE, POSTGRESQL = "sqlite", "postgresql"

INSTALLATION = Installation.__table__

DISCONNECT_THE_OTHERS = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


class Shelf(Protocol):
    """Databases, each the caller's own until the block ends; what is yielded is the url."""

    def empty(self, folder: Path) -> AbstractContextManager[str]:
        """One that nobody has migrated yet."""

    def migrated(self, folder: Path) -> AbstractContextManager[str]:
        """One that is up to date and holds nothing but a tag of its own."""


class SqliteShelf:
    """Files in the test's folder; the blank that they are copied from is in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def empty(self, folder: Path) -> Iterator[str]:
        yield f"sqlite:///{folder / 'new' / 'orders.db'}"

    @contextmanager
    def migrated(self, folder: Path) -> Iterator[str]:
        copy = shutil.copyfile(self._blank, folder / "orders.db")
        with closing(sqlite3.connect(copy)) as connection, connection:
            connection.execute("UPDATE installation SET tag = ?", [token_hex(4)])
        yield f"sqlite:///{copy}"

    @cached_property
    def _blank(self) -> Path:
        blank = self._folder / "blank.db"
        migrate(f"sqlite:///{blank}")
        return blank


class PostgresqlShelf:
    """Databases of the server at `url`, their names beginning with `name`.

    Making one takes long on a busy machine, so one that is given back is emptied and given out again.
    """

    def __init__(self, url: str, name: str) -> None:
        self._url = make_url(url)
        self._name = name
        self._made: list[str] = []
        self._given_back: list[str] = []

    @contextmanager
    def empty(self, folder: Path) -> Iterator[str]:
        yield self._url_of(self._make())

    @contextmanager
    def migrated(self, folder: Path) -> Iterator[str]:
        database = self._given_back.pop() if self._given_back else self._make_migrated()
        yield self._url_of(database)
        self._forget_everything(database)
        self._given_back.append(database)

    def clear(self) -> None:
        """Remove every database that was made."""
        with self._connection("postgres") as connection:
            for database in self._made:
                connection.execute(f"DROP DATABASE {database} WITH (FORCE)".encode())

    def _make_migrated(self) -> str:
        database = self._make()
        migrate(self._url_of(database))
        return database

    def _make(self) -> str:
        database = f"{self._name}_{len(self._made)}"
        with self._connection("postgres") as connection:
            connection.execute(f"CREATE DATABASE {database} TEMPLATE template0".encode())
        self._made.append(database)
        return database

    def _forget_everything(self, database: str) -> None:
        """Nobody is connected, nothing is written, the tag is another; a replica is free of triggers."""
        tables = [table.name for table in reversed(Base.metadata.sorted_tables) if table is not INSTALLATION]
        with self._connection(database) as connection:
            connection.execute(DISCONNECT_THE_OTHERS)
            connection.execute("SET session_replication_role = replica")
            for table in tables:
                connection.execute(f"DELETE FROM {table}".encode())
            connection.execute("UPDATE installation SET tag = %s", [token_hex(4)])

    def _connection(self, database: str) -> psycopg.Connection[Any]:
        """Databases are made and dropped outside of any transaction."""
        url = self._url.set(drivername="postgresql", database=database)
        return psycopg.connect(url.render_as_string(hide_password=False), autocommit=True)

    def _url_of(self, database: str) -> str:
        return self._url.set(database=database).render_as_string(hide_password=False)
