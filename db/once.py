"""Rows that are written once under a key, however many try."""

from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Insert, Table, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from db.models import Base, CarrierEntry, IdempotencyKey, PaymentProviderEntry

Entry = TypeVar("Entry", PaymentProviderEntry, CarrierEntry, IdempotencyKey)


def insert_once(session: Session, table: type[Entry], key: str, **columns: Any) -> Entry:
    """Return the row that stands under `key`: the first one written, whoever wrote it."""
    session.execute(_insert(table, session.get_bind().dialect.name), {"key": key, **columns})
    entry: Entry = session.execute(_select(table), {"wanted": key}).scalar_one()
    return entry


@cache
def _insert(table: type[Base], dialect: str) -> Insert:
    """Put together once: that takes longer than to run it, and SQLite's one writer is waited for."""
    into = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return into(_columns_of(table)).on_conflict_do_nothing(index_elements=["key"])


@cache
def _select(table: type[Base]) -> Any:
    return select(table).where(_columns_of(table).c.key == bindparam("wanted"))


def _columns_of(table: type[Base]) -> Table:
    return Base.metadata.tables[table.__tablename__]
