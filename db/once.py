"""Rows that are written once under a key, however many try."""

from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from db.models import CarrierEntry, IdempotencyKey, PaymentProviderEntry

Entry = TypeVar("Entry", PaymentProviderEntry, CarrierEntry, IdempotencyKey)


def insert_once(session: Session, table: type[Entry], key: str, **columns: Any) -> Entry:
    """Return the row that stands under `key`: the first one written, whoever wrote it."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    session.execute(
        dialect.insert(table).values(key=key, **columns).on_conflict_do_nothing(index_elements=["key"])
    )
    return session.execute(select(table).where(table.key == key)).scalar_one()
