"""Rows that are written once under a key, however many try."""

from functools import cache
from typing import Any

from sqlalchemy import Connection, Insert, Row, Select, Table, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite


def insert_once(connection: Connection, table: Table, key: str, **columns: Any) -> Row[Any]:
    """Return the row that stands under `key`: the first one written, whoever wrote it.

    It is held against other writers until the transaction ends.
    """
    connection.execute(_insert(table, connection.dialect.name), {"key": key, **columns})
    return connection.execute(held_row_of(table), {"wanted": key}).one()


@cache
def row_of(table: Table) -> Select[Any]:
    """The row under the key `wanted`."""
    return select(table).where(table.c.key == bindparam("wanted"))


@cache
def held_row_of(table: Table) -> Select[Any]:
    """The row under the key `wanted`, held against other writers until the transaction ends."""
    return row_of(table).with_for_update()


@cache
def _insert(table: Table, dialect: str) -> Insert:
    """Put together once: that takes longer than to run it, and SQLite's one writer is waited for."""
    into = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return into(table).on_conflict_do_nothing(index_elements=["key"])
