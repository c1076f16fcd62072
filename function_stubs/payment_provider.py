"""A stub payment provider: idempotent by key, with an append-only log of its own.

A key that was voided before it was charged stays void: a charge that arrives late finds the door closed.
"""

from dataclasses import dataclass
from secrets import token_hex
from typing import Any

from sqlalchemy import Connection, Row

from db.books import now
from db.models import PROVIDER_LOG
from db.once import insert_once
from domain.orders import OrderId, charge_key, refund_key

CHARGE = "charge"
REFUND = "refund"
VOID = "void"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The provider's word that money moved."""

    reference: str
    amount_cents: int


def charge(connection: Connection, order_id: OrderId, amount_cents: int) -> Receipt | None:
    """Charge the order once; None if its charge was voided."""
    return _receipt(_enter(connection, charge_key(order_id), CHARGE, order_id, amount_cents))


def void(connection: Connection, order_id: OrderId, amount_cents: int) -> Receipt | None:
    """See to it that the order is never charged from now on; return the receipt if it was charged before."""
    return _receipt(_enter(connection, charge_key(order_id), VOID, order_id, amount_cents))


def refund(connection: Connection, order_id: OrderId, amount_cents: int) -> Receipt:
    """Refund the order once."""
    entry = _enter(connection, refund_key(order_id), REFUND, order_id, amount_cents)
    return Receipt(reference=entry.reference, amount_cents=entry.amount_cents)


def _enter(connection: Connection, key: str, kind: str, order_id: OrderId, amount_cents: int) -> Row[Any]:
    return insert_once(
        connection,
        PROVIDER_LOG,
        key,
        kind=kind,
        order_id=order_id,
        amount_cents=amount_cents,
        reference=f"pay_{token_hex(8)}",
        at=now(),
    )


def _receipt(entry: Row[Any]) -> Receipt | None:
    if entry.kind == VOID:
        return None
    return Receipt(reference=entry.reference, amount_cents=entry.amount_cents)
