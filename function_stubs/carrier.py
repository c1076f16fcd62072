"""A stub carrier: idempotent by key, with an append-only log of its own, which holds the labels.

An order that was recalled before it was dispatched stays void: a dispatch that arrives late is turned away.
"""

from dataclasses import asdict
from secrets import token_hex
from typing import Any

from sqlalchemy import Connection, Row

from db.books import now
from db.models import CARRIER_LOG
from db.once import insert_once
from domain.orders import Address, OrderId, dispatch_key, recall_key

DISPATCH = "dispatch"
RECALL = "recall"
VOID = "void"


def dispatch(connection: Connection, order_id: OrderId, address: Address) -> str | None:
    """Label the package and send it off, once; return the reference, None if it was recalled before."""
    entry = _enter(connection, dispatch_key(order_id), DISPATCH, order_id, address)
    return None if entry.kind == VOID else entry.reference


def recall(connection: Connection, order_id: OrderId) -> None:
    """Bring the package back if it was dispatched, and see to it that it never is from now on."""
    entry = _enter(connection, dispatch_key(order_id), VOID, order_id)
    if entry.kind == DISPATCH:
        _enter(connection, recall_key(order_id), RECALL, order_id)


def _enter(
    connection: Connection, key: str, kind: str, order_id: OrderId, address: Address | None = None
) -> Row[Any]:
    return insert_once(
        connection,
        CARRIER_LOG,
        key,
        kind=kind,
        order_id=order_id,
        address=asdict(address) if address else None,
        reference=f"parcel_{token_hex(8)}",
        at=now(),
    )
