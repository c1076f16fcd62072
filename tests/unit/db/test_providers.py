"""The stub provider and carrier keep their word by key: what was settled stays settled."""

from functools import partial

import pytest
from sqlalchemy import select

from db.database import Database
from db.models import CarrierEntry, PaymentProviderEntry
from domain.orders import OrderId
from function_stubs import carrier, payment_provider
from function_stubs.payment_provider import Receipt
from tests.unit.db.conftest import HOME


def charge(db: Database, order_id: OrderId) -> Receipt | None:
    return db.write_now(partial(payment_provider.charge, order_id=order_id, amount_cents=4200))


def void(db: Database, order_id: OrderId) -> Receipt | None:
    return db.write_now(partial(payment_provider.void, order_id=order_id, amount_cents=4200))


def refund(db: Database, order_id: OrderId) -> Receipt:
    return db.write_now(partial(payment_provider.refund, order_id=order_id, amount_cents=4200))


def dispatch(db: Database, order_id: OrderId) -> str | None:
    return db.write_now(partial(carrier.dispatch, order_id=order_id, address=HOME))


def recall(db: Database, order_id: OrderId) -> None:
    db.write_now(partial(carrier.recall, order_id=order_id))


def provider_log(db: Database) -> list[tuple[str, int]]:
    log = PaymentProviderEntry
    return db.read_now(lambda s: [(row.kind, row.amount_cents) for row in s.execute(select(log)).scalars()])


def carrier_log(db: Database) -> list[str]:
    return db.read_now(lambda s: [row.kind for row in s.execute(select(CarrierEntry)).scalars()])


def test_a_second_charge_gives_the_first_receipt(db: Database, order_id: OrderId) -> None:
    receipt = charge(db, order_id)

    assert receipt is not None
    assert charge(db, order_id) == receipt
    assert provider_log(db) == [("charge", 4200)]


def test_a_voided_charge_never_takes_place(db: Database, order_id: OrderId) -> None:
    assert void(db, order_id) is None

    assert charge(db, order_id) is None
    assert void(db, order_id) is None
    assert provider_log(db) == [("void", 4200)]


def test_a_charge_that_took_place_is_found_when_it_is_to_be_voided(db: Database, order_id: OrderId) -> None:
    receipt = charge(db, order_id)

    assert void(db, order_id) == receipt
    assert provider_log(db) == [("charge", 4200)]


def test_a_second_refund_gives_the_first_receipt(db: Database, order_id: OrderId) -> None:
    charge(db, order_id)

    assert refund(db, order_id) == refund(db, order_id)
    assert provider_log(db) == [("charge", 4200), ("refund", 4200)]


@pytest.mark.parametrize("recalls", [1, 2])
def test_a_dispatched_package_is_brought_back_once(db: Database, order_id: OrderId, recalls: int) -> None:
    assert dispatch(db, order_id) is not None

    for _ in range(recalls):
        recall(db, order_id)

    assert carrier_log(db) == ["dispatch", "recall"]


def test_a_recalled_package_is_never_dispatched(db: Database, order_id: OrderId) -> None:
    recall(db, order_id)

    assert dispatch(db, order_id) is None
    assert carrier_log(db) == ["void"]


def test_what_is_settled_of_one_order_says_nothing_of_another(db: Database, order_id: OrderId) -> None:
    void(db, order_id)
    recall(db, order_id)
    another = OrderId(order_id + 1)

    assert charge(db, another) is not None
    assert dispatch(db, another) is not None
