"""Charging an order, settling a charge that is in doubt, and paying it back."""

from functools import partial

from sqlalchemy import Connection

from db.books import book_payment, end_order, note_compensation, now, reach_stage
from db.database import Database
from domain.events import PaymentKind
from domain.orders import OrderId, charge_key, refund_key
from domain.refusals import ChargeVoided
from domain.stages import Stage
from domain.status import ON_THE_WAY_TO, OrderStatus
from function_stubs import payment_provider
from function_stubs.flaky import Dice, flaky_call
from function_stubs.payment_provider import Receipt
from function_stubs.race_result import RaceResult


async def charge(dice: Dice, db: Database, order_id: OrderId, amount_cents: int) -> Receipt:
    """Have the provider charge the order, once by key; raises ChargeVoided if it was settled without."""
    await flaky_call(dice, "charge")
    receipt = await db.write(partial(payment_provider.charge, order_id=order_id, amount_cents=amount_cents))
    if receipt is None:
        raise ChargeVoided
    return receipt


def record_charge(connection: Connection, result: RaceResult[Receipt]) -> None:
    if reach_stage(
        connection,
        result.order_id,
        Stage.PAYMENT_CHARGED,
        result.effort,
        late=result.late,
        charged_at=now(),
    ):
        _book(connection, PaymentKind.CHARGE, charge_key(result.order_id), result)


async def settle(dice: Dice, db: Database, order_id: OrderId, amount_cents: int) -> Receipt | None:
    """Have the provider say whether it charged, and never charge from now on if it has not."""
    await flaky_call(dice, "settle")
    return await db.write(partial(payment_provider.void, order_id=order_id, amount_cents=amount_cents))


def record_settlement(connection: Connection, result: RaceResult[Receipt | None]) -> None:
    """A charge that turns out to have taken place is booked like any other."""
    if result.won is not None:
        record_charge(connection, result.bringing(result.won))


async def refund(dice: Dice, db: Database, order_id: OrderId, amount_cents: int) -> Receipt:
    """Have the provider pay the whole charge back, once by key."""
    await flaky_call(dice, "refund")
    return await db.write(partial(payment_provider.refund, order_id=order_id, amount_cents=amount_cents))


def record_refund(
    connection: Connection,
    result: RaceResult[Receipt],
    *,
    final_status: OrderStatus,
    reason: str | None = None,
) -> None:
    """The refund and the order's end are one transaction: nobody reads the end before the money is back.

    A return that takes its time makes no order late that was in time.
    """
    order_id = result.order_id
    if not note_compensation(connection, order_id, Stage.PAYMENT_CHARGED, result.effort):
        return
    _book(connection, PaymentKind.REFUND, refund_key(order_id), result)
    on_the_way = ON_THE_WAY_TO[final_status]
    late = result.late and final_status is not OrderStatus.RETURNED
    end_order(connection, order_id, final_status, when=[on_the_way], late=late, reason=reason)


def _book(connection: Connection, kind: PaymentKind, key: str, result: RaceResult[Receipt]) -> None:
    book_payment(
        connection,
        result.order_id,
        kind,
        key=key,
        amount_cents=result.won.amount_cents,
        reference=result.won.reference,
    )
