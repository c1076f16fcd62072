"""The guarded writes: a stage is reached once and in order, money moves once, an end is final."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, Update, bindparam, func, insert, or_, select, update

from db.models import EVENTS, ORDERS, PAYMENTS
from db.reads import ONE_ORDER, OrderSnapshot, Source, find_verdict, snapshot
from domain.events import SYSTEM, Command, CommandNote, EventType, PaymentKind
from domain.hedging import HedgeFigures
from domain.orders import ANYBODY, Address, Item, OrderId, amount_of, order_workflow_id
from domain.stages import Stage
from domain.status import ON_THE_WAY_TO, OrderStatus
from signals import CANCELLATION_CLOSES_AT, Verdict

# While an order is being cancelled, the stage in flight is still allowed to end. Shipping was not in flight
# when a cancellation was accepted: a workflow that begins it all the same was rolled back.
STAGES_MOVE_WHILE = (OrderStatus.IN_PROGRESS, OrderStatus.CANCELLING)
SHIPPING_MOVES_WHILE = (OrderStatus.IN_PROGRESS,)

# What was approved is neither rejected nor expired any more; what was charged ends no way without its refund.
ENDS_ONLY_BEFORE = {OrderStatus.REJECTED: Stage.ORDER_REVIEWED, OrderStatus.EXPIRED: Stage.ORDER_REVIEWED}

# SQLAlchemy takes longer to put a statement together than a database to run it, and SQLite's one writer is
# waited for meanwhile: what every stage runs is put together once. The columns to set come with the call.
THE_ORDER = ORDERS.c.id == bindparam("order")
LOCK_ORDER = ONE_ORDER.with_for_update()
SET = update(ORDERS).where(THE_ORDER)
ADD = insert(ORDERS).returning(ORDERS.c.id)
NAME = SET.returning(ORDERS)
NEXT_SEQUENCE = select(func.coalesce(func.max(EVENTS.c.sequence), 0) + 1).where(
    EVENTS.c.order_id == bindparam("order")
)
APPEND = insert(EVENTS).values(sequence=NEXT_SEQUENCE.scalar_subquery())
STAGE_OF = select(ORDERS.c.stage).where(THE_ORDER)
PAY = insert(PAYMENTS)


@cache
def move(*when: OrderStatus) -> Update:
    """The order, if it is in one of these. A list that came with the call would cost more than the rest."""
    return SET.where(or_(*(ORDERS.c.status == status for status in when)))


@cache
def move_on(stage: Stage) -> Update:
    """The order, if it is at the stage before this one, and may still come to it."""
    when = STAGES_MOVE_WHILE if stage < CANCELLATION_CLOSES_AT else SHIPPING_MOVES_WHILE
    return move(*when).where(ORDERS.c.stage.is_not_distinct_from(bindparam("before")))


class LateWrite(Exception):
    """The order is not where the writer believed it to be; nothing was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """What it took to make a flaky call succeed: the activity's attempts, the hedge figures over them all."""

    attempts: int = 1
    figures: HedgeFigures | None = None

    def columns(self) -> dict[str, Any]:
        return {"attempts": self.attempts, **(asdict(self.figures) if self.figures else {})}


def now() -> datetime:
    return datetime.now(UTC)


def lock_order(connection: Connection, order_id: OrderId) -> Row[Any]:
    """Return the order's row, held against other writers until the transaction ends."""
    return connection.execute(LOCK_ORDER, {"order": order_id}).one()


def add_order(
    connection: Connection, tag: str, address: Address, items: tuple[Item, ...], *, owner: str = ANYBODY
) -> OrderSnapshot:
    """Write a new order; its id is the database's, its amount is frozen here."""
    columns = {
        "status": OrderStatus.IN_PROGRESS,
        "address": asdict(address),
        "items": [asdict(item) for item in items],
        "amount_cents": amount_of(items),
        "created_at": now(),
        "owner": owner,
    }
    number = connection.execute(ADD, columns).scalar_one()
    name = order_workflow_id(tag, OrderId(number))
    return snapshot(connection.execute(NAME, {"order": number, "workflow_id": name}).one())


def append_event(connection: Connection, order_id: OrderId, kind: EventType, **columns: Any) -> None:
    """Write the order's next event; the order must be locked or moved, so that `sequence` has no gap."""
    written = {"order_id": order_id, "type": kind, "at": now(), "actor": SYSTEM, **columns}
    connection.execute(APPEND, {"order": order_id, **written})


def find_event(source: Source, order_id: OrderId, kind: EventType, stage: Stage) -> Row[Any] | None:
    of_that_stage = EVENTS.c.stage == stage.value
    return source.execute(
        select(EVENTS).where(EVENTS.c.order_id == order_id, EVENTS.c.type == kind, of_that_stage)
    ).one_or_none()


def reach_stage(
    connection: Connection,
    order_id: OrderId,
    stage: Stage,
    effort: Effort,
    *,
    late: bool,
    actor: str = SYSTEM,
    **columns: Any,
) -> bool:
    """Move the order to `stage` and write the event; return False, writing nothing, if that was done before.

    `columns` are set on the order in the same move, `sla_breached` too if it is late. Raises LateWrite if
    the order is not at the stage's predecessor, or no longer moves.
    """
    guard = {
        "order": order_id,
        "before": stage.predecessor.value if stage.predecessor else None,
    }
    changes = {"stage": stage.value, **_breach(late=late), **columns}
    if not _moved(connection, move_on(stage), {**guard, **changes}):
        if find_event(connection, order_id, EventType.STAGE_REACHED, stage):
            return False
        raise LateWrite(stage)
    append_event(
        connection, order_id, EventType.STAGE_REACHED, stage=stage.value, actor=actor, **effort.columns()
    )
    return True


def change_status(
    connection: Connection, order_id: OrderId, to: OrderStatus, *, when: Sequence[OrderStatus]
) -> None:
    """Move the order's status to `to`; raise LateWrite if it is none of `when`."""
    if not _moved(connection, move(*when), {"order": order_id, "status": to}):
        raise LateWrite(to)


def change_address(connection: Connection, order_id: OrderId, address: Address) -> None:
    """Of an order that the caller holds, and whose package has not been dispatched."""
    connection.execute(SET, {"order": order_id, "address": asdict(address)})


def begin_failing(connection: Connection, order_id: OrderId) -> None:
    """Mark that a stage was given up; writing it twice changes nothing."""
    if lock_order(connection, order_id).status != OrderStatus.FAILING:
        change_status(connection, order_id, OrderStatus.FAILING, when=[OrderStatus.IN_PROGRESS])


def end_order(
    connection: Connection,
    order_id: OrderId,
    status: OrderStatus,
    *,
    when: Sequence[OrderStatus],
    late: bool,
    reason: str | None = None,
) -> bool:
    """Give the order its final status and write `ended`; return False if it had ended so before."""
    ended = {"status": status, "ended_at": now(), **_breach(late=late)}
    if not _moved(connection, move(*when), {"order": order_id, **ended}):
        if lock_order(connection, order_id).status == status:
            return False
        raise LateWrite(status)
    stage = connection.execute(STAGE_OF, {"order": order_id}).scalar_one()
    append_event(connection, order_id, EventType.ENDED, status=status, stage=stage, reason=reason)
    return True


def end_without_refund(
    connection: Connection, order_id: OrderId, status: OrderStatus, *, late: bool, reason: str | None
) -> bool:
    """As end_order, of an order that owes no money back.

    Raises LateWrite if it was charged, or approved and is not to be: a workflow that was rolled back may not
    know of that.
    """
    order = snapshot(lock_order(connection, order_id))
    closed_by = ENDS_ONLY_BEFORE.get(status, Stage.PAYMENT_CHARGED)
    if order.status is not status and order.progress.has_reached(closed_by):
        raise LateWrite(status)
    before = ON_THE_WAY_TO.get(status, OrderStatus.IN_PROGRESS)
    return end_order(connection, order_id, status, when=[before], late=late, reason=reason)


def book_payment(
    connection: Connection,
    order_id: OrderId,
    kind: PaymentKind,
    *,
    key: str,
    amount_cents: int,
    reference: str,
) -> None:
    """Write the payment; its unique key makes a second one impossible."""
    connection.execute(
        PAY,
        {
            "order_id": order_id,
            "kind": kind,
            "key": key,
            "amount_cents": amount_cents,
            "provider_reference": reference,
            "at": now(),
        },
    )


def refuse_unless_moving(order: OrderSnapshot, stage: Stage) -> None:
    """Raise LateWrite if the order will not come to `stage` any more, before anybody is asked for anything.

    Only a workflow that was rolled back wants it then.
    """
    if not order.progress.has_reached(stage) and order.status not in STAGES_MOVE_WHILE:
        raise LateWrite(stage)


def refuse_once_reached(connection: Connection, order_id: OrderId, stage: Stage) -> None:
    """Raise LateWrite if the order has reached `stage`: a workflow that was rolled back may not know."""
    if snapshot(lock_order(connection, order_id)).progress.has_reached(stage):
        raise LateWrite(stage)


def refuse_while_done(source: Source, order_id: OrderId, stage: Stage) -> None:
    """Raise LateWrite if `stage` was reached and not undone, for the same reason."""
    reached = find_event(source, order_id, EventType.STAGE_REACHED, stage)
    if reached and not find_event(source, order_id, EventType.COMPENSATED, stage):
        raise LateWrite(stage)


def refuse_against_verdict(connection: Connection, order_id: OrderId, verdict: Verdict) -> None:
    """Raise LateWrite if a person has decided otherwise, for the same reason."""
    stands = find_verdict(connection, order_id)
    if stands is None and verdict is Verdict.REJECT:
        # The simulated reviewer's approval is its stage alone.
        refuse_once_reached(connection, order_id, Stage.ORDER_REVIEWED)
    if stands not in (None, verdict):
        raise LateWrite(Stage.ORDER_REVIEWED)


def note_compensation(connection: Connection, order_id: OrderId, stage: Stage, effort: Effort) -> bool:
    """Write that `stage` was undone; return False if it was written before."""
    lock_order(connection, order_id)
    if find_event(connection, order_id, EventType.COMPENSATED, stage):
        return False
    append_event(connection, order_id, EventType.COMPENSATED, stage=stage.value, **effort.columns())
    return True


def note_command(connection: Connection, order_id: OrderId, note: CommandNote) -> bool:
    """Write what was decided about a command; return False if that was written before.

    A signal may come twice, and the refusal of the second be written before the acceptance of the first; or
    be sent under the id of another. Neither keeps an acceptance out of the books.
    """
    order = lock_order(connection, order_id)
    command_id = note.command_id
    found = find_command(connection, order_id, command_id)
    if found and note.accepted and not _accepts(found, note.command):
        command_id = _second_id(note.command, command_id)
        found = find_command(connection, order_id, command_id)
    if found:
        return False
    append_event(
        connection,
        order_id,
        EventType.COMMAND_ACCEPTED if note.accepted else EventType.COMMAND_REFUSED,
        stage=order.stage,
        command=note.command,
        command_id=command_id,
        decision=note.decision,
        actor=note.actor,
        reason=note.reason,
    )
    return True


def find_command(source: Source, order_id: OrderId, command_id: str) -> Row[Any] | None:
    return source.execute(
        select(EVENTS).where(EVENTS.c.order_id == order_id, EVENTS.c.command_id == command_id)
    ).one_or_none()


def was_accepted(source: Source, order_id: OrderId, command: Command, command_id: str) -> bool:
    """Whether this very command stands in the books as accepted."""
    names = (command_id, _second_id(command, command_id))
    return any(_accepts(find_command(source, order_id, name), command) for name in names)


def _accepts(event: Row[Any] | None, command: Command) -> bool:
    return event is not None and (event.command, event.type) == (command, EventType.COMMAND_ACCEPTED)


def _second_id(command: Command, command_id: str) -> str:
    """What an acceptance is written under when its id is taken."""
    return f"{command_id}:{command}"


def _breach(*, late: bool) -> dict[str, bool]:
    """A breach is remembered, never taken back."""
    return {"sla_breached": True} if late else {}


def _moved(connection: Connection, statement: Any, values: dict[str, Any]) -> bool:
    """Whether the order was where the statement expected it."""
    return connection.execute(statement, values).rowcount == 1
