"""The guarded writes: a stage is reached once and in order, money moves once, an end is final."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from db.models import EVENTS, ORDERS, PAYMENTS, Event, Order
from db.reads import OrderSnapshot, snapshot
from domain.events import SYSTEM, CommandNote, EventType, PaymentKind
from domain.hedging import HedgeFigures
from domain.orders import ANYBODY, Address, Item, OrderId, amount_of, order_workflow_id
from domain.stages import Stage
from domain.status import OrderStatus

# While an order is being cancelled, the stage in flight is still allowed to end.
STAGES_MOVE_WHILE = (OrderStatus.IN_PROGRESS, OrderStatus.CANCELLING)

# SQLAlchemy takes longer to put a statement together than a database to run it, and SQLite's one writer is
# waited for meanwhile: what every stage runs is put together once. The columns to set come with the call.
MOVE = update(ORDERS).where(
    ORDERS.c.id == bindparam("order"), ORDERS.c.status.in_(bindparam("when", expanding=True))
)
MOVE_ON = MOVE.where(ORDERS.c.stage.is_not_distinct_from(bindparam("before")))
NEXT_SEQUENCE = select(func.coalesce(func.max(EVENTS.c.sequence), 0) + 1).where(
    EVENTS.c.order_id == bindparam("order")
)
APPEND = insert(EVENTS).values(sequence=NEXT_SEQUENCE.scalar_subquery())
STAGE_OF = select(ORDERS.c.stage).where(ORDERS.c.id == bindparam("order"))
PAY = insert(PAYMENTS)


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


def lock_order(session: Session, order_id: OrderId) -> Order:
    """Return the order's row, held against other writers until the transaction ends."""
    locked = select(Order).where(Order.id == order_id).with_for_update()
    return session.execute(locked, execution_options={"populate_existing": True}).scalar_one()


def add_order(
    session: Session, tag: str, address: Address, items: tuple[Item, ...], *, owner: str = ANYBODY
) -> OrderSnapshot:
    """Write a new order; its id is the database's, its amount is frozen here."""
    row = Order(
        status=OrderStatus.IN_PROGRESS,
        address=asdict(address),
        items=[asdict(item) for item in items],
        amount_cents=amount_of(items),
        created_at=now(),
        owner=owner,
    )
    session.add(row)
    session.flush()
    row.workflow_id = order_workflow_id(tag, OrderId(row.id))
    return snapshot(row)


def append_event(session: Session, order_id: OrderId, kind: EventType, **columns: Any) -> None:
    """Write the order's next event; the order must be locked or moved, so that `sequence` has no gap."""
    written = {"order_id": order_id, "type": kind, "at": now(), "actor": SYSTEM, **columns}
    session.execute(APPEND, {"order": order_id, **written})


def find_event(session: Session, order_id: OrderId, kind: EventType, stage: Stage) -> Event | None:
    return session.execute(
        select(Event).where(Event.order_id == order_id, Event.type == kind, Event.stage == stage.value)
    ).scalar_one_or_none()


def reach_stage(
    session: Session,
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
        "when": STAGES_MOVE_WHILE,
        "before": stage.predecessor.value if stage.predecessor else None,
    }
    if not _moved(session, MOVE_ON, {**guard, "stage": stage.value, **_breach(late=late), **columns}):
        if find_event(session, order_id, EventType.STAGE_REACHED, stage):
            return False
        raise LateWrite(stage)
    append_event(
        session, order_id, EventType.STAGE_REACHED, stage=stage.value, actor=actor, **effort.columns()
    )
    return True


def change_status(
    session: Session, order_id: OrderId, to: OrderStatus, *, when: Sequence[OrderStatus]
) -> None:
    """Move the order's status to `to`; raise LateWrite if it is none of `when`."""
    if not _moved(session, MOVE, {"order": order_id, "when": when, "status": to}):
        raise LateWrite(to)


def begin_failing(session: Session, order_id: OrderId) -> None:
    """Mark that a stage was given up; writing it twice changes nothing."""
    if lock_order(session, order_id).status != OrderStatus.FAILING:
        change_status(session, order_id, OrderStatus.FAILING, when=[OrderStatus.IN_PROGRESS])


def end_order(
    session: Session,
    order_id: OrderId,
    status: OrderStatus,
    *,
    when: Sequence[OrderStatus],
    late: bool,
    reason: str | None = None,
) -> bool:
    """Give the order its final status and write `ended`; return False if it had ended so before."""
    ended = {"status": status, "ended_at": now(), **_breach(late=late)}
    if not _moved(session, MOVE, {"order": order_id, "when": when, **ended}):
        if lock_order(session, order_id).status == status:
            return False
        raise LateWrite(status)
    stage = session.execute(STAGE_OF, {"order": order_id}).scalar_one()
    append_event(session, order_id, EventType.ENDED, status=status, stage=stage, reason=reason)
    return True


def book_payment(
    session: Session, order_id: OrderId, kind: PaymentKind, *, key: str, amount_cents: int, reference: str
) -> None:
    """Write the payment; its unique key makes a second one impossible."""
    session.execute(
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


def note_compensation(session: Session, order_id: OrderId, stage: Stage, effort: Effort) -> bool:
    """Write that `stage` was undone; return False if it was written before."""
    lock_order(session, order_id)
    if find_event(session, order_id, EventType.COMPENSATED, stage):
        return False
    append_event(session, order_id, EventType.COMPENSATED, stage=stage.value, **effort.columns())
    return True


def note_command(session: Session, order_id: OrderId, note: CommandNote) -> bool:
    """Write what was decided about a command; return False if this command was written before."""
    order = lock_order(session, order_id)
    if find_command(session, order_id, note.command_id):
        return False
    append_event(
        session,
        order_id,
        EventType.COMMAND_ACCEPTED if note.accepted else EventType.COMMAND_REFUSED,
        stage=order.stage,
        command=note.command,
        command_id=note.command_id,
        decision=note.decision,
        actor=note.actor,
        reason=note.reason,
    )
    return True


def find_command(session: Session, order_id: OrderId, command_id: str) -> Event | None:
    return session.execute(
        select(Event).where(Event.order_id == order_id, Event.command_id == command_id)
    ).scalar_one_or_none()


def _breach(*, late: bool) -> dict[str, bool]:
    """A breach is remembered, never taken back."""
    return {"sla_breached": True} if late else {}


def _moved(session: Session, statement: Any, values: dict[str, Any]) -> bool:
    """Whether the order was where the statement expected it."""
    return session.connection().execute(statement, values).rowcount == 1
