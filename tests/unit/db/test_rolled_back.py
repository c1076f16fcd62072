"""What a workflow that was rolled back, to before what the books say, may not have them write."""

from datetime import timedelta
from functools import partial

import pytest

from activities.books import BookActivities
from activities.payment import PaymentActivities
from activities.racing import Tools
from activities.shipping import ShippingActivities
from api.commanding import cancel
from api.desk import Desk
from api.once import an_ask_of_our_own
from config.settings import Settings
from db.books import Effort, LateWrite, change_status, end_order, find_command, note_compensation, now
from db.database import Database
from db.reads import find_whole_order, read_order
from domain.events import ACCEPTED, CUSTOMER, Command, CommandNote
from domain.orders import DEMO_ITEMS, OrderId, amount_of
from domain.stages import Stage
from domain.status import OrderStatus
from domain.tasks import StageTask
from engine.link import TemporalLink
from function_stubs import payment
from function_stubs.payment_provider import Receipt
from function_stubs.race_result import RaceResult
from hedge_state import HedgeState
from signals import CancellationEffect, Verdict
from tests.shop.dice import ScriptedDice
from tests.unit.db.conftest import HOME, bring_to

PAID_BACK = Receipt(reference="pay_1", amount_cents=4200)


@pytest.fixture
def deeds(db: Database) -> BookActivities:
    return BookActivities(Tools(db=db, dice=ScriptedDice(), hedging=HedgeState()))


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


@pytest.mark.parametrize("verdict", Verdict)
async def test_a_reviewed_order_is_not_reviewed_again(
    deeds: BookActivities, db: Database, order_id: OrderId, verdict: Verdict
) -> None:
    bring_to(db, order_id, Stage.ORDER_REVIEWED)

    with pytest.raises(LateWrite):
        await deeds.record_review(order_id, a_note(Command.REVIEW, verdict))

    assert not is_written(db, order_id)


async def test_a_verdict_may_be_written_again(deeds: BookActivities, db: Database, order_id: OrderId) -> None:
    bring_to(db, order_id, Stage.ORDER_VALIDATED)

    for _ in range(2):
        await deeds.record_review(order_id, a_note(Command.REVIEW, Verdict.APPROVE))

    assert db.read_now(partial(read_order, order_id=order_id)).progress.has_reached(Stage.ORDER_REVIEWED)


async def test_an_order_that_was_cancelled_is_neither_charged_nor_dispatched(
    db: Database, order_id: OrderId
) -> None:
    """Neither the provider nor the carrier is asked at all."""
    tools = Tools(db=db, dice=ScriptedDice(), hedging=HedgeState())
    bring_to(db, order_id, Stage.ORDER_REVIEWED)
    cancelled = partial(end_order, status=OrderStatus.CANCELLED, when=[OrderStatus.IN_PROGRESS], late=False)
    db.write_now(partial(cancelled, order_id=order_id))
    a_second = timedelta(seconds=1)
    task = StageTask(order_id=order_id, race=a_second, patience=a_second, at=now(), due_at=now())

    with pytest.raises(LateWrite):
        await PaymentActivities(tools).charge_payment(task, CUSTOMER)
    with pytest.raises(LateWrite):
        await ShippingActivities(tools).dispatch_carrier(task, HOME)


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


def test_a_refund_waits_until_the_package_is_back(db: Database, order_id: OrderId) -> None:
    bring_to(db, order_id, Stage.CARRIER_DISPATCHED)
    db.write_now(
        partial(change_status, order_id=order_id, to=OrderStatus.CANCELLING, when=[OrderStatus.IN_PROGRESS])
    )
    result = RaceResult(order_id=order_id, won=PAID_BACK, effort=Effort(), at=now(), late=False)
    refund = partial(payment.record_refund, result=result, final_status=OrderStatus.CANCELLED)

    for stage in (Stage.CARRIER_DISPATCHED, Stage.PACKAGE_PREPARED):
        with pytest.raises(LateWrite):
            db.write_now(refund)
        db.write_now(partial(note_compensation, order_id=order_id, stage=stage, effort=Effort()))
    db.write_now(refund)

    order = db.read_now(partial(find_whole_order, order_id=order_id))
    assert order is not None
    assert order.order.status == OrderStatus.CANCELLED
    assert [payment.kind for payment in order.payments] == ["refund"]
