"""A record that is written again, by an attempt that came late, changes nothing."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection

from db.books import Effort, begin_failing, change_status
from db.database import Database
from db.reads import find_whole_order
from domain.events import PaymentKind
from domain.orders import OrderId
from domain.stages import Stage
from domain.status import OrderStatus
from function_stubs import intake, payment, shipping
from function_stubs.payment_provider import Receipt
from function_stubs.race_result import RaceResult
from tests.unit.db.conftest import bring_to

SHIPPED_AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
RECEIPT = Receipt(reference="pay_1", amount_cents=4200)

Record = Callable[[Connection, RaceResult[Any]], None]


def result(order_id: OrderId, won: Receipt | None = None) -> RaceResult[Any]:
    return RaceResult(order_id=order_id, won=won, effort=Effort(), at=SHIPPED_AT, late=False)


def everything(db: Database, order_id: OrderId) -> list[dict[str, Any]]:
    """All columns of all rows of the order."""
    found = db.read_now(partial(find_whole_order, order_id=order_id))
    assert found is not None
    rows = [found.order, *found.payments, *found.events]
    return [{name: getattr(row, name) for name in row.__table__.columns.keys()} for row in rows]  # noqa: SIM118


@pytest.mark.parametrize(
    ("stage", "record"),
    [
        (Stage.ORDER_RECEIVED, intake.record_received),
        (Stage.ORDER_VALIDATED, intake.record_validated),
        (Stage.PAYMENT_CHARGED, payment.record_charge),
        (Stage.PAYMENT_CHARGED, payment.record_settlement),
        (Stage.PACKAGE_PREPARED, shipping.record_prepared),
        (Stage.CARRIER_DISPATCHED, shipping.record_dispatched),
        (Stage.ORDER_SHIPPED, shipping.record_shipped),
        (Stage.ORDER_DELIVERED, shipping.record_delivered),
    ],
)
def test_a_stage(db: Database, order_id: OrderId, stage: Stage, record: Record) -> None:
    if stage.predecessor:
        bring_to(db, order_id, stage.predecessor)
    brought = result(order_id, RECEIPT)

    def write(connection: Connection) -> None:
        record(connection, brought)

    db.write_now(write)
    once = everything(db, order_id)
    assert once[0]["stage"] == stage.value

    db.write_now(write)

    assert everything(db, order_id) == once


def test_a_settlement_without_a_charge_writes_nothing(db: Database, order_id: OrderId) -> None:
    bring_to(db, order_id, Stage.ORDER_REVIEWED)
    before = everything(db, order_id)

    db.write_now(partial(payment.record_settlement, result=result(order_id)))

    assert everything(db, order_id) == before


@pytest.mark.parametrize("record", [shipping.record_recalled, shipping.record_unpacked])
def test_an_undoing(db: Database, order_id: OrderId, record: Record) -> None:
    bring_to(db, order_id, Stage.CARRIER_DISPATCHED)
    brought = result(order_id)

    def write(connection: Connection) -> None:
        record(connection, brought)

    db.write_now(write)
    once = everything(db, order_id)

    db.write_now(write)

    assert everything(db, order_id) == once


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        (begin_failing, OrderStatus.FAILED),
        (
            partial(change_status, to=OrderStatus.CANCELLING, when=[OrderStatus.IN_PROGRESS]),
            OrderStatus.CANCELLED,
        ),
    ],
)
def test_a_refund_and_the_end_it_comes_with(
    db: Database, order_id: OrderId, begin: Callable[..., None], end: OrderStatus
) -> None:
    bring_to(db, order_id, Stage.PAYMENT_CHARGED)
    db.write_now(partial(begin, order_id=order_id))
    write = partial(payment.record_refund, result=result(order_id, RECEIPT), final_status=end)
    db.write_now(write)
    once = everything(db, order_id)
    assert once[0]["status"] == end
    assert [row["kind"] for row in once if "kind" in row] == [PaymentKind.REFUND]

    db.write_now(write)

    assert everything(db, order_id) == once


def test_the_moment_of_shipping_is_the_workflow_s(db: Database, order_id: OrderId) -> None:
    bring_to(db, order_id, Stage.CARRIER_DISPATCHED)

    db.write_now(partial(shipping.record_shipped, result=result(order_id)))

    assert everything(db, order_id)[0]["shipped_at"] == SHIPPED_AT
