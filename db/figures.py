"""What the newest orders came to: how long they took, and what their stages cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models import Event, Order
from domain.events import EventType
from domain.status import OrderStatus

# What is shown is how things are, not how they were last week.
NEWEST = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletedOrder:
    """`is_late`: it took longer than its budget."""

    placed_at: datetime
    ended_at: datetime
    is_late: bool

    @property
    def seconds(self) -> float:
        return (self.ended_at - self.placed_at).total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class StageCost:
    """Summed over the orders that reached the stage: its activity's attempts, and the calls they made."""

    stage: str
    orders: int
    attempts: int
    launched: int
    failed: int
    hung: int
    cancelled: int
    milliseconds: int
    slowest_milliseconds: int


def find_completed(session: Session) -> list[CompletedOrder]:
    """Return the newest completed orders, at most NEWEST."""
    rows = session.execute(
        select(Order.created_at, Order.ended_at, Order.sla_breached)
        .where(Order.status == OrderStatus.COMPLETED)
        .order_by(Order.id.desc())
        .limit(NEWEST)
    )
    return [
        CompletedOrder(placed_at=row.created_at, ended_at=row.ended_at, is_late=row.sla_breached)
        for row in rows
    ]


def find_stage_costs(session: Session) -> Sequence[StageCost]:
    """Return what each stage with a flaky call cost the NEWEST orders, whatever became of them."""
    newest = session.execute(select(func.max(Order.id))).scalar() or 0
    sums = ("attempts", "launched", "failed", "hung", "cancelled", "milliseconds")
    rows = session.execute(
        select(
            Event.stage,
            func.count().label("orders"),
            *(func.sum(getattr(Event, name)).label(name) for name in sums),
            func.max(Event.milliseconds).label("slowest_milliseconds"),
        )
        .where(Event.order_id > newest - NEWEST, Event.launched.is_not(None))
        .where(Event.type == EventType.STAGE_REACHED)
        .group_by(Event.stage)
    )
    return [StageCost(**{name: row._mapping[name] for name in StageCost.__slots__}) for row in rows]
