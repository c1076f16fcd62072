"""A stage is reached once and in order, money moves once, an end is final."""

from dataclasses import replace
from functools import partial
from typing import cast

import pytest
from sqlalchemy import Connection, insert, update
from sqlalchemy.exc import IntegrityError

from db.books import (
    Effort,
    LateWrite,
    begin_failing,
    book_payment,
    change_status,
    end_order,
    end_without_refund,
    find_command,
    note_command,
    note_compensation,
    reach_stage,
)
from db.database import Database
from db.models import Event, Order
from db.reads import WholeOrder, find_whole_order
from domain.events import ACCEPTED, Command, CommandNote, EventType, PaymentKind
from domain.hedging import HedgeFigures
from domain.orders import OrderId
from domain.stages import Stage
from domain.status import OrderStatus
from signals import CANCELLATION_CLOSES_AT
from tests.unit.db.conftest import bring_to, reach


def whole(db: Database, order_id: OrderId) -> WholeOrder:
    found = db.read_now(partial(find_whole_order, order_id=order_id))
    assert found is not None
    return found


def move(db: Database, order_id: OrderId, to: OrderStatus) -> None:
    """Whatever the status is now."""
    db.write_now(
        lambda connection: connection.execute(update(Order).where(Order.id == order_id).values(status=to))
    )


def end(db: Database, order_id: OrderId, status: OrderStatus, *when: OrderStatus, late: bool = False) -> bool:
    return db.write_now(
        lambda connection: end_order(
            connection, order_id, status, when=when or [OrderStatus.IN_PROGRESS], late=late
        )
    )


def pay(connection: Connection, order_id: OrderId, kind: str, key: str) -> None:
    book_payment(
        connection, order_id, cast("PaymentKind", kind), key=key, amount_cents=4200, reference="pay_1"
    )


NOTE = CommandNote(command=Command.CANCEL, command_id="c1", decision="accepted", actor="customer")


def test_stages_are_reached_in_order_with_an_event_each(db: Database, order_id: OrderId) -> None:
    bring_to(db, order_id, Stage.ORDER_DELIVERED)

    found = whole(db, order_id)
    assert [event.stage for event in found.events] == [stage.value for stage in Stage]
    assert [event.sequence for event in found.events] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert found.order.stage == Stage.ORDER_DELIVERED.value


def test_a_stage_that_is_reached_again_changes_nothing(db: Database, order_id: OrderId) -> None:
    bring_to(db, order_id, Stage.PAYMENT_CHARGED)

    assert not reach(db, order_id, Stage.ORDER_VALIDATED, late=True)
    assert not reach(db, order_id, Stage.PAYMENT_CHARGED, late=True)

    found = whole(db, order_id)
    assert len(found.events) == 4
    assert not found.order.sla_breached


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage > Stage.ORDER_VALIDATED])
def test_no_stage_is_skipped(db: Database, order_id: OrderId, stage: Stage) -> None:
    reach(db, order_id, Stage.ORDER_RECEIVED)

    with pytest.raises(LateWrite):
        reach(db, order_id, stage)

    assert whole(db, order_id).order.stage == Stage.ORDER_RECEIVED.value


@pytest.mark.parametrize("status", OrderStatus)
def test_only_an_order_on_its_way_moves(db: Database, order_id: OrderId, status: OrderStatus) -> None:
    """While it is being cancelled, the stage in flight is still allowed to end."""
    moves = status in {OrderStatus.IN_PROGRESS, OrderStatus.CANCELLING}
    move(db, order_id, status)

    if moves:
        assert reach(db, order_id, Stage.ORDER_RECEIVED)
    else:
        with pytest.raises(LateWrite):
            reach(db, order_id, Stage.ORDER_RECEIVED)

    assert len(whole(db, order_id).events) == int(moves)


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage > Stage.ORDER_RECEIVED])
def test_an_order_that_is_being_cancelled_is_not_shipped(
    db: Database, order_id: OrderId, stage: Stage
) -> None:
    """Not even by a workflow that was rolled back to before the cancellation."""
    for earlier in Stage:
        if earlier < stage:
            reach(db, order_id, earlier)
    move(db, order_id, OrderStatus.CANCELLING)

    if stage < CANCELLATION_CLOSES_AT:
        assert reach(db, order_id, stage)
    else:
        with pytest.raises(LateWrite):
            reach(db, order_id, stage)


def test_what_a_late_writer_wrote_beside_its_move_is_not_kept(db: Database, order_id: OrderId) -> None:
    def charge_too_early(connection: Connection) -> None:
        pay(connection, order_id, PaymentKind.CHARGE, "charge:1")
        reach_stage(connection, order_id, Stage.PAYMENT_CHARGED, Effort(), late=False)

    with pytest.raises(LateWrite):
        db.write_now(charge_too_early)

    found = whole(db, order_id)
    assert (found.payments, found.events) == ([], [])


def test_a_breach_is_remembered_and_never_taken_back(db: Database, order_id: OrderId) -> None:
    reach(db, order_id, Stage.ORDER_RECEIVED, late=True)
    reach(db, order_id, Stage.ORDER_VALIDATED, late=False)
    end(db, order_id, OrderStatus.REJECTED, late=False)

    assert whole(db, order_id).order.sla_breached


def test_an_event_tells_what_its_stage_took(db: Database, order_id: OrderId) -> None:
    figures = HedgeFigures(launched=5, failed=2, hung=1, cancelled=1, won_by=4, milliseconds=120)
    effort = Effort(attempts=2, figures=figures)

    db.write_now(
        lambda connection: reach_stage(connection, order_id, Stage.ORDER_RECEIVED, effort, late=False)
    )

    event = whole(db, order_id).events[0]
    told = (event.attempts, event.launched, event.failed, event.hung, event.cancelled, event.won_by)
    assert (*told, event.milliseconds) == (2, 5, 2, 1, 1, 4, 120)


def test_an_order_ends_once(db: Database, order_id: OrderId) -> None:
    assert end(db, order_id, OrderStatus.CANCELLED)
    assert not end(db, order_id, OrderStatus.CANCELLED)

    found = whole(db, order_id)
    assert [event.type for event in found.events] == [EventType.ENDED]
    assert found.order.ended_at is not None


def test_an_end_is_final(db: Database, order_id: OrderId) -> None:
    end(db, order_id, OrderStatus.CANCELLED)

    with pytest.raises(LateWrite):
        end(db, order_id, OrderStatus.COMPLETED)

    assert whole(db, order_id).order.status == OrderStatus.CANCELLED


def test_a_status_moves_only_from_where_it_is_said_to_be(db: Database, order_id: OrderId) -> None:
    claim = partial(change_status, order_id=order_id, to=OrderStatus.RETURNING, when=[OrderStatus.COMPLETED])

    with pytest.raises(LateWrite):
        db.write_now(claim)
    end(db, order_id, OrderStatus.COMPLETED)
    db.write_now(claim)
    with pytest.raises(LateWrite):
        db.write_now(claim)

    assert whole(db, order_id).order.status == OrderStatus.RETURNING


def test_failing_begins_once_and_only_for_an_order_in_progress(db: Database, order_id: OrderId) -> None:
    begin = partial(begin_failing, order_id=order_id)

    db.write_now(begin)
    db.write_now(begin)
    assert whole(db, order_id).order.status == OrderStatus.FAILING
    move(db, order_id, OrderStatus.CANCELLING)
    with pytest.raises(LateWrite):
        db.write_now(begin)


def test_a_stage_is_undone_once(db: Database, order_id: OrderId) -> None:
    undo = partial(note_compensation, order_id=order_id, stage=Stage.PACKAGE_PREPARED, effort=Effort())

    assert [db.write_now(undo), db.write_now(undo)] == [True, False]

    assert len(whole(db, order_id).events) == 1


def test_a_command_is_written_once_by_its_id(db: Database, order_id: OrderId) -> None:
    note = partial(note_command, order_id=order_id, note=NOTE)

    assert [db.write_now(note), db.write_now(note)] == [True, False]

    event = db.read_now(partial(find_command, order_id=order_id, command_id="c1"))
    assert event is not None
    assert (event.type, event.command, event.decision) == (EventType.COMMAND_ACCEPTED, "cancel", "accepted")
    assert len(whole(db, order_id).events) == 1


@pytest.mark.parametrize(
    "before",
    [
        replace(NOTE, decision="ALREADY_CANCELLING", accepted=False),
        replace(NOTE, command=Command.CHANGE_ADDRESS),
    ],
)
def test_an_id_that_was_used_before_keeps_no_acceptance_out_of_the_books(
    db: Database, order_id: OrderId, before: CommandNote
) -> None:
    notes = (before, NOTE, NOTE, before)

    written = [db.write_now(partial(note_command, order_id=order_id, note=note)) for note in notes]

    assert written == [True, True, False, False]
    decided = [(event.command, event.decision) for event in whole(db, order_id).events]
    assert decided == [(note.command, note.decision) for note in (before, NOTE)]


def test_a_command_that_came_past_the_api_is_written_as_far_as_it_can_be(
    db: Database, order_id: OrderId
) -> None:
    """A signal sent by hand says what it likes; PostgreSQL takes no NUL, nobody half a character."""
    note = CommandNote(
        command=Command.CANCEL,
        command_id="c" * 200,
        decision=ACCEPTED,
        actor="a\0da",
        reason="\ud800" + "r" * 600,
    )

    another = replace(note, command_id=note.command_id + "!")

    written = [
        db.write_now(partial(note_command, order_id=order_id, note=each)) for each in (note, note, another)
    ]

    event = db.read_now(partial(find_command, order_id=order_id, command_id=note.command_id))
    assert event is not None
    assert (event.actor, event.reason) == ("ada", "?" + "r" * 499)
    assert written == [True, False, True]


@pytest.mark.parametrize(
    ("kind", "key"),
    [(PaymentKind.CHARGE, "another key"), (PaymentKind.REFUND, "charge:1")],
    ids=["a second charge", "the same key"],
)
def test_the_database_itself_refuses_money_that_moves_twice(
    db: Database, order_id: OrderId, kind: PaymentKind, key: str
) -> None:
    db.write_now(lambda connection: pay(connection, order_id, PaymentKind.CHARGE, "charge:1"))

    with pytest.raises(IntegrityError):
        db.write_now(lambda connection: pay(connection, order_id, kind, key))

    assert len(whole(db, order_id).payments) == 1


def test_money_goes_one_way_or_the_other(db: Database, order_id: OrderId) -> None:
    with pytest.raises(IntegrityError, match="payments_kind"):
        db.write_now(lambda connection: pay(connection, order_id, "gift", "gift:1"))


@pytest.mark.parametrize(
    "columns",
    [
        {"type": EventType.STAGE_REACHED, "stage": "order_received", "sequence": 9},
        {"type": EventType.COMPENSATED, "stage": "payment_charged", "sequence": 9},
        {"type": EventType.ENDED, "status": "cancelled", "sequence": 9},
        {"type": EventType.COMMAND_REFUSED, "command_id": "c1", "sequence": 9},
        {"type": EventType.COMMAND_REFUSED, "command_id": "c2", "sequence": 1},
    ],
    ids=["a stage", "an undoing", "an end", "a command", "a sequence number"],
)
def test_the_database_itself_refuses_what_is_written_twice(
    db: Database, order_id: OrderId, columns: dict[str, object]
) -> None:
    """The guards look first, so only a writer that goes round them meets the unique keys."""
    reach(db, order_id, Stage.ORDER_RECEIVED)
    db.write_now(partial(note_compensation, order_id=order_id, stage=Stage.PAYMENT_CHARGED, effort=Effort()))
    db.write_now(partial(note_command, order_id=order_id, note=NOTE))
    end(db, order_id, OrderStatus.CANCELLED)
    at = whole(db, order_id).order.created_at

    with pytest.raises(IntegrityError, match=r"(?i)unique"):
        db.write_now(
            lambda connection: connection.execute(
                insert(Event), {"order_id": order_id, "actor": "a", "at": at, **columns}
            )
        )


def test_an_event_belongs_to_an_order(db: Database, order_id: OrderId) -> None:
    at = whole(db, order_id).order.created_at
    stray = {"order_id": order_id + 1, "sequence": 1, "type": EventType.ENDED, "actor": "a", "at": at}

    with pytest.raises(IntegrityError, match=r"(?i)foreign key"):
        db.write_now(lambda connection: connection.execute(insert(Event), stray))


WITHOUT_REFUND = [
    (OrderStatus.IN_PROGRESS, OrderStatus.REJECTED),
    (OrderStatus.IN_PROGRESS, OrderStatus.EXPIRED),
    (OrderStatus.CANCELLING, OrderStatus.CANCELLED),
    (OrderStatus.FAILING, OrderStatus.FAILED),
]


def end_unpaid(db: Database, order_id: OrderId, status: OrderStatus) -> bool:
    end = partial(end_without_refund, order_id=order_id, status=status, late=False, reason=None)
    return db.write_now(end)


@pytest.mark.parametrize(("before", "end"), WITHOUT_REFUND)
def test_an_order_that_was_not_charged_ends_once_without_a_refund(
    db: Database, order_id: OrderId, before: OrderStatus, end: OrderStatus
) -> None:
    bring_to(db, order_id, Stage.ORDER_VALIDATED)
    move(db, order_id, before)

    assert [end_unpaid(db, order_id, end), end_unpaid(db, order_id, end)] == [True, False]


@pytest.mark.parametrize(("before", "end"), WITHOUT_REFUND)
def test_an_order_that_was_charged_does_not_end_without_a_refund(
    db: Database, order_id: OrderId, before: OrderStatus, end: OrderStatus
) -> None:
    bring_to(db, order_id, Stage.PAYMENT_CHARGED)
    move(db, order_id, before)

    with pytest.raises(LateWrite):
        end_unpaid(db, order_id, end)


@pytest.mark.parametrize("end", [OrderStatus.REJECTED, OrderStatus.EXPIRED, OrderStatus.FAILED])
def test_an_order_that_is_being_cancelled_ends_no_other_way(
    db: Database, order_id: OrderId, end: OrderStatus
) -> None:
    move(db, order_id, OrderStatus.CANCELLING)

    with pytest.raises(LateWrite):
        end_unpaid(db, order_id, end)
