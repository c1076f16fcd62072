"""What a workflow that was rolled back, to before what the books say, may not have them write."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from temporalio.testing import ActivityEnvironment

from activities.books import BookActivities
from activities.payment import PaymentActivities
from activities.racing import Tools
from activities.shipping import ShippingActivities
from api.commanding import cancel
from api.desk import Desk
from api.once import an_ask_of_our_own
from config.settings import Settings
from db.books import (
    Effort,
    LateWrite,
    change_status,
    end_order,
    end_without_refund,
    find_command,
    note_compensation,
    now,
)
from db.database import Database
from db.reads import read_order
from domain.events import ACCEPTED, CUSTOMER, SIMULATED_REVIEWER, Command, CommandNote
from domain.orders import DEMO_ITEMS, OrderId, amount_of
from domain.stages import Stage
from domain.status import OrderStatus
from domain.tasks import StageTask
from engine.link import TemporalLink
from function_stubs import payment, payment_provider
from function_stubs.payment_provider import Receipt
from function_stubs.race_result import RaceResult
from hedge_state import HedgeState
from signals import CancellationEffect, Verdict
from tests.shop.dice import ScriptedDice
from tests.unit.db.conftest import HOME, bring_to

PAID_BACK = Receipt(reference="pay_1", amount_cents=4200)


@pytest.fixture
def deeds(db: Database) -> BookActivities:
    return BookActivities(tools_of(db))


def tools_of(db: Database) -> Tools:
    return Tools(db=db, dice=ScriptedDice(), hedging=HedgeState())


def a_task(order_id: OrderId) -> StageTask:
    a_second = timedelta(seconds=1)
    return StageTask(order_id=order_id, race=a_second, patience=a_second, at=now(), due_at=now())


def a_note(command: Command, decision: str = ACCEPTED) -> CommandNote:
    return CommandNote(command=command, command_id="c1", decision=decision, actor=CUSTOMER)


def is_written(db: Database, order_id: OrderId) -> bool:
    return db.read_now(partial(find_command, order_id=order_id, command_id="c1")) is not None


async def test_a_shipped_order_is_not_cancelled(
    deeds: BookActivities, db: Database, order_id: OrderId
) -> None:
    bring_to(db, order_id, Stage.ORDER_SHIPPED)

    with pytest.raises(LateWrite):
        await deeds.record_cancellation(order_id, a_note(Command.CANCEL))

    assert not is_written(db, order_id)
    assert db.read_now(partial(read_order, order_id=order_id)).status is OrderStatus.IN_PROGRESS


async def test_a_shipped_order_goes_nowhere_else(
    deeds: BookActivities, db: Database, order_id: OrderId
) -> None:
    bring_to(db, order_id, Stage.ORDER_SHIPPED)

    with pytest.raises(LateWrite):
        await deeds.record_address_change(order_id, a_note(Command.CHANGE_ADDRESS), HOME)

    assert not is_written(db, order_id)


async def test_what_the_simulated_reviewer_approved_is_not_rejected(
    deeds: BookActivities, db: Database, order_id: OrderId
) -> None:
    bring_to(db, order_id, Stage.ORDER_REVIEWED)

    with pytest.raises(LateWrite):
        await deeds.record_review(order_id, a_note(Command.REVIEW, Verdict.REJECT))

    assert not is_written(db, order_id)


@pytest.mark.parametrize(("stands", "other"), [tuple(Verdict), tuple(reversed(Verdict))])
async def test_a_verdict_stands(
    deeds: BookActivities, db: Database, order_id: OrderId, stands: Verdict, other: Verdict
) -> None:
    bring_to(db, order_id, Stage.ORDER_VALIDATED)
    for _ in range(2):
        await deeds.record_review(order_id, a_note(Command.REVIEW, stands))

    with pytest.raises(LateWrite):
        await deeds.record_review(order_id, replace(a_note(Command.REVIEW, other), command_id="c2"))

    order = db.read_now(partial(read_order, order_id=order_id))
    assert order.progress.has_reached(Stage.ORDER_REVIEWED) is (stands is Verdict.APPROVE)


async def test_what_was_rejected_is_not_charged(
    deeds: BookActivities, db: Database, order_id: OrderId
) -> None:
    bring_to(db, order_id, Stage.ORDER_VALIDATED)
    await deeds.record_review(order_id, a_note(Command.REVIEW, Verdict.REJECT))

    with pytest.raises(LateWrite):
        await PaymentActivities(tools_of(db)).charge_payment(a_task(order_id), SIMULATED_REVIEWER)


@pytest.mark.parametrize("end", [OrderStatus.REJECTED, OrderStatus.EXPIRED])
def test_what_was_approved_neither_expires_nor_is_rejected(
    db: Database, order_id: OrderId, end: OrderStatus
) -> None:
    bring_to(db, order_id, Stage.ORDER_REVIEWED)

    with pytest.raises(LateWrite):
        db.write_now(partial(end_without_refund, order_id=order_id, status=end, late=False, reason=None))


async def test_an_order_that_was_cancelled_is_neither_charged_nor_dispatched(
    db: Database, order_id: OrderId
) -> None:
    """Neither the provider nor the carrier is asked at all."""
    bring_to(db, order_id, Stage.ORDER_REVIEWED)
    cancelled = partial(end_order, status=OrderStatus.CANCELLED, when=[OrderStatus.IN_PROGRESS], late=False)
    db.write_now(partial(cancelled, order_id=order_id))
    dice = ScriptedDice()
    tools, task = Tools(db=db, dice=dice, hedging=HedgeState()), a_task(order_id)

    with pytest.raises(LateWrite):
        await PaymentActivities(tools).charge_payment(task, SIMULATED_REVIEWER)
    with pytest.raises(LateWrite):
        await ActivityEnvironment().run(ShippingActivities(tools).dispatch_carrier, task, HOME)
    assert not dice.calls


async def test_who_cancels_is_told_of_the_refund_though_the_workflow_has_forgotten_the_charge(
    db: Database, order_id: OrderId, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def decide(*_: object) -> CancellationEffect:
        return CancellationEffect.CANCELLED

    monkeypatch.setattr("api.commanding.decide", decide)
    bring_to(db, order_id, Stage.PAYMENT_CHARGED)
    desk = Desk(settings=Settings(), db=db, link=TemporalLink(Settings()), tag="tag")

    answer = await cancel(desk, an_ask_of_our_own("ada"), order_id, actor="ada")

    assert answer.body["effect"] == CancellationEffect.CANCELLED_AND_REFUNDED
    assert answer.body["refund_cents"] == amount_of(DEMO_ITEMS)


async def test_a_return_that_takes_its_time_makes_no_order_late(db: Database, order_id: OrderId) -> None:
    bring_to(db, order_id, Stage.ORDER_DELIVERED)
    db.write_now(
        partial(change_status, order_id=order_id, to=OrderStatus.RETURNING, when=[OrderStatus.IN_PROGRESS])
    )
    result = RaceResult(order_id=order_id, won=PAID_BACK, effort=Effort(), at=now(), late=True)

    db.write_now(partial(payment.record_refund, result=result, final_status=OrderStatus.RETURNED))

    assert not db.read_now(partial(read_order, order_id=order_id)).sla_breached


async def test_nobody_is_asked_for_a_refund_while_the_package_is_out(db: Database, order_id: OrderId) -> None:
    bring_to(db, order_id, Stage.CARRIER_DISPATCHED)
    dice = ScriptedDice()
    payments = PaymentActivities(Tools(db=db, dice=dice, hedging=HedgeState()))
    temporal = ActivityEnvironment()

    async def refund() -> None:
        await temporal.run(payments.refund_payment, a_task(order_id), OrderStatus.CANCELLED)

    db.write_now(
        partial(change_status, order_id=order_id, to=OrderStatus.CANCELLING, when=[OrderStatus.IN_PROGRESS])
    )
    for stage in (Stage.CARRIER_DISPATCHED, Stage.PACKAGE_PREPARED):
        with pytest.raises(LateWrite):
            await refund()
        db.write_now(partial(note_compensation, order_id=order_id, stage=stage, effort=Effort()))
    assert dice.calls["refund"] == 0
    db.write_now(partial(payment_provider.charge, order_id=order_id, amount_cents=amount_of(DEMO_ITEMS)))
    await refund()

    assert db.read_now(partial(read_order, order_id=order_id)).status is OrderStatus.CANCELLED
