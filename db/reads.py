"""The ways the books are read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Integer, Row, Select, bindparam, func, or_, select
from sqlalchemy.orm import Session

from db.models import ORDERS, Event, Installation, Order, Payment
from domain.events import Command, EventType
from domain.orders import Address, Item, OrderId
from domain.stages import Progress, Stage
from domain.status import OPEN, OrderStatus
from domain.tasks import Standing
from signals import Verdict

# What is read in the middle of a write is read on the writer's connection.
Source = Connection | Session

# Put together once.
AT_WORK = select(func.count()).where(or_(*(ORDERS.c.status == status for status in OPEN)))
AT_WORK_ELSEWHERE = AT_WORK.where(ORDERS.c.stage.is_distinct_from(bindparam("but_at")))
ONE_ORDER = select(ORDERS).where(ORDERS.c.id == bindparam("order"))
UNSTARTED = (
    select(ORDERS)
    .where(
        ORDERS.c.stage.is_(None),
        ORDERS.c.status == OrderStatus.IN_PROGRESS,
        ORDERS.c.created_at < bindparam("placed_before"),
    )
    .order_by(ORDERS.c.id)
    .limit(bindparam("most", type_=Integer))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSnapshot:
    """An order's row in the words of the domain."""

    order_id: OrderId
    workflow_id: str
    status: OrderStatus
    stage: Stage | None
    address: Address
    items: tuple[Item, ...]
    amount_cents: int
    created_at: datetime
    shipped_at: datetime | None
    sla_breached: bool

    @property
    def progress(self) -> Progress:
        """What the row knows: a stage counts as begun once it is reached."""
        return Progress(begun=self.stage, reached=self.stage)

    @property
    def may_be_unstarted(self) -> bool:
        """One that has come anywhere was started before; a new workflow would not know what to undo."""
        return self.stage is None and self.status is OrderStatus.IN_PROGRESS


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeOrder:
    """An order's rows in all three tables, in the order they were written."""

    order: Order
    payments: list[Payment]
    events: list[Event]


def read_tag(session: Session) -> str:
    """Return the random tag that is part of every workflow id of this database."""
    return session.execute(select(Installation.tag)).scalar_one()


def find_order(session: Session, order_id: OrderId) -> OrderSnapshot | None:
    row = session.execute(ONE_ORDER, {"order": order_id}).one_or_none()
    return snapshot(row) if row else None


def find_owner(session: Session, order_id: OrderId) -> str | None:
    """Return whose order it is; None if there is no such order."""
    return session.execute(select(Order.owner).where(Order.id == order_id)).scalar_one_or_none()


def find_orders(
    session: Session, order_ids: Sequence[OrderId], owner: str | None = None
) -> list[OrderSnapshot]:
    """Return those of the orders that exist, and are that owner's, the oldest first."""
    wanted = select(Order).where(Order.id.in_(order_ids), *_of(owner)).order_by(Order.id)
    return [snapshot(row) for row in session.execute(wanted).scalars()]


def read_order(source: Source, order_id: OrderId) -> OrderSnapshot:
    """Return the order; it must exist."""
    return snapshot(source.execute(ONE_ORDER, {"order": order_id}).one())


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCounts:
    """How many orders stand where; `oldest_open` is when the oldest one still open was placed."""

    by_status: dict[str, int]
    sla_breached: int
    oldest_open: datetime | None


def count_by_status(session: Session) -> dict[str, int]:
    """Return how many orders have each status, as far as there are any."""
    counted = session.execute(select(Order.status, func.count().label("orders")).group_by(Order.status))
    return {row.status: row.orders for row in counted}


def count_orders(session: Session) -> OrderCounts:
    late = session.execute(select(func.count()).where(Order.sla_breached)).scalar_one()
    oldest = session.execute(select(func.min(Order.created_at)).where(Order.status.in_(OPEN))).scalar()
    return OrderCounts(by_status=count_by_status(session), sla_breached=late, oldest_open=oldest)


def count_at_work(session: Session, *, but_at: Stage | None) -> int:
    """Return how many orders are open, those whose last stage is `but_at` left out."""
    stage = None if but_at is None else but_at.value
    return session.execute(AT_WORK if stage is None else AT_WORK_ELSEWHERE, {"but_at": stage}).scalar_one()


def find_whole_order(session: Session, order_id: OrderId) -> WholeOrder | None:
    """Return the order with everything that was written about it, or None."""
    order = session.get(Order, order_id)
    if order is None:
        return None
    payments = select(Payment).where(Payment.order_id == order_id).order_by(Payment.id)
    events = select(Event).where(Event.order_id == order_id).order_by(Event.sequence)
    return WholeOrder(
        order=order,
        payments=list(session.execute(payments).scalars()),
        events=list(session.execute(events).scalars()),
    )


def find_page(
    session: Session,
    *,
    status: OrderStatus | None,
    stage: Stage | None,
    before: OrderId | None,
    limit: int,
    owner: str | None = None,
) -> list[Order]:
    """Return the newest orders of that status, stage and owner whose id is below `before`."""
    wanted = select(Order).where(*_of(owner)).order_by(Order.id.desc()).limit(limit)
    if status is not None:
        wanted = wanted.where(Order.status == status)
    if stage is not None:
        wanted = wanted.where(Order.stage == stage.value)
    if before is not None:
        wanted = wanted.where(Order.id < before)
    return list(session.execute(wanted).scalars())


def last_event_id(session: Session) -> int:
    """Return the newest event's id, 0 before the first."""
    return session.execute(select(func.max(Event.id))).scalar() or 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedEvent:
    """An event, and whose order it happened to."""

    event: Event
    owner: str


def find_events(session: Session, *, after: int, until: int | None, limit: int) -> list[OwnedEvent]:
    """Return the oldest events above `after`, those of all orders, none above `until`."""
    wanted = select(Event, Order.owner).join(Order, Event.order_id == Order.id).where(Event.id > after)
    if until is not None:
        wanted = wanted.where(Event.id <= until)
    rows = session.execute(wanted.order_by(Event.id).limit(limit))
    return [OwnedEvent(event=event, owner=owner) for event, owner in rows]


def find_unstarted(session: Session, placed_before: datetime, limit: int) -> list[OrderSnapshot]:
    """Return the oldest orders that have not reached their first stage, though placed long enough ago."""
    rows = session.execute(UNSTARTED, {"placed_before": placed_before, "most": limit})
    return [snapshot(row) for row in rows]


def _of(owner: str | None) -> list[ColumnElement[bool]]:
    return [] if owner is None else [Order.owner == owner]


def find_open(session: Session, *, placed_before: datetime) -> list[OrderSnapshot]:
    """Return every order that has not ended, the oldest first."""
    wanted = select(Order).where(Order.status.in_(OPEN), Order.created_at < placed_before)
    return [snapshot(row) for row in session.execute(wanted.order_by(Order.id)).scalars()]


def find_standing(session: Session, order_id: OrderId) -> Standing:
    """Return where the order stands, for a workflow that is to take it up again."""
    order = read_order(session, order_id)
    was_rejected = find_verdict(session, order_id) is Verdict.REJECT
    return Standing(status=order.status, reached=order.stage, was_rejected=was_rejected)


def find_verdict(source: Source, order_id: OrderId) -> Verdict | None:
    """Return what a person decided about the order; None if none did."""
    verdict = _accepted(order_id, Command.REVIEW).with_only_columns(Event.decision)
    found = source.execute(verdict).scalars().first()
    return None if found is None else Verdict(found)


def find_return_asked_for(session: Session, order_id: OrderId) -> Event | None:
    """Return the event of the accepted return that claimed the order."""
    return session.execute(_accepted(order_id, Command.RETURN)).scalar_one_or_none()


def _accepted(order_id: OrderId, command: Command) -> Select[Event]:
    accepted = Event.type == EventType.COMMAND_ACCEPTED
    return select(Event).where(Event.order_id == order_id, accepted, Event.command == command)


def snapshot(row: Order | Row[Any]) -> OrderSnapshot:
    return OrderSnapshot(
        order_id=OrderId(row.id),
        workflow_id=row.workflow_id or "",
        status=OrderStatus(row.status),
        stage=Stage(row.stage) if row.stage else None,
        address=Address(**row.address),
        items=tuple(Item(**item) for item in row.items),
        amount_cents=row.amount_cents,
        created_at=row.created_at,
        shipped_at=row.shipped_at,
        sla_breached=row.sla_breached,
    )
