"""A try that was believed lost, and comes after all, finds that the door has been closed behind it."""

from functools import partial

import pytest

from activities.books import BookActivities
from activities.racing import Tools
from db.database import Database
from db.reads import read_order
from domain.events import ACCEPTED, CUSTOMER, Command, CommandNote
from domain.orders import Address, OrderId
from domain.refusals import ChargeVoided, DispatchRecalled
from function_stubs import carrier, payment, payment_provider, shipping
from hedge_state import HedgeState
from tests.shop.dice import ScriptedDice

FIRST = Address(line1="9 Quay Street", city="Hull", postal_code="HU1 2PQ", country="GB")
SECOND = Address(line1="4 High Road", city="York", postal_code="YO1 7HH", country="GB")


async def test_a_charge_that_was_settled_without_is_refused(db: Database, order_id: OrderId) -> None:
    await db.write(partial(payment_provider.void, order_id=order_id, amount_cents=4200))

    with pytest.raises(ChargeVoided):
        await payment.charge(ScriptedDice(), db, order_id, 4200)


async def test_a_dispatch_that_was_recalled_is_refused(db: Database, order_id: OrderId) -> None:
    await db.write(partial(carrier.recall, order_id=order_id))

    with pytest.raises(DispatchRecalled):
        await shipping.dispatch(ScriptedDice(), db, order_id, FIRST)


async def test_an_address_that_was_changed_again_is_not_overwritten(db: Database, order_id: OrderId) -> None:
    books = BookActivities(Tools(db=db, dice=ScriptedDice(), hedging=HedgeState()))
    first, second = (
        CommandNote(command=Command.CHANGE_ADDRESS, command_id=name, decision=ACCEPTED, actor=CUSTOMER)
        for name in ("first", "second")
    )
    await books.record_address_change(order_id, first, FIRST)
    await books.record_address_change(order_id, second, SECOND)

    await books.record_address_change(order_id, first, FIRST)

    assert (await db.read(partial(read_order, order_id=order_id))).address == SECOND
