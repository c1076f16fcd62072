"""A look into the books while they are written: which orders are open, and how long each stood still."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from sqlalchemy import func, select

from db.database import Database
from db.models import Order
from domain.events import EventType
from domain.status import ITS_WORKFLOW_DECIDES
from observability.invariants.evidence import OrderHistory

STEPS = (EventType.STAGE_REACHED, EventType.COMPENSATED, EventType.ENDED)


class Books:
    """Those of the system under fire."""

    def __init__(self, data_dir: Path) -> None:
        self.url = f"sqlite:///{data_dir / 'orders.db'}"
        self._db = Database(self.url)

    async def open_orders(self, up_to: int | None = None) -> list[int]:
        """Those on their way; of those placed no later than order `up_to`."""
        wanted = select(Order.id).where(Order.status.in_(ITS_WORKFLOW_DECIDES))
        if up_to is not None:
            wanted = wanted.where(Order.id <= up_to)
        return list(await self._db.read(lambda session: session.execute(wanted).scalars().all()))

    async def last_order(self) -> int:
        newest = await self._db.read(lambda session: session.execute(select(func.max(Order.id))).scalar())
        return newest or 0

    def close(self) -> None:
        self._db.close()


@dataclass(frozen=True, slots=True)
class Walk:
    """One order's way: when it was placed, and each moment it came a step further, until it ended."""

    moments: Sequence[datetime]

    def is_met(self, since: datetime, until: datetime) -> bool:
        """Whether the order was under way at any moment between these."""
        return self.moments[0] <= until and self.moments[-1] >= since

    def longest_pause_seconds(self, since: datetime, until: datetime) -> float:
        """The longest that it stood still, of the pauses that were not over before or begun after these."""
        pauses = (
            (after - before).total_seconds()
            for before, after in pairwise(self.moments)
            if before <= until and after >= since
        )
        return max(pauses, default=0.0)


def walk_of(order: OrderHistory) -> Walk:
    moments = [order.order["created_at"]]
    for event in order.events:
        if event["type"] in STEPS:
            moments.append(event["at"])
        if event["type"] == EventType.ENDED:
            break
    return Walk(moments)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blow:
    """What a strike was to the orders it met, in seconds; `ended` counts from its healing to their end."""

    stall: float
    ended: float


def blow_of(walks: Sequence[Walk], struck_at: datetime, healed_at: datetime) -> Blow:
    ends = (walk.moments[-1] for walk in walks if walk.is_met(struck_at, healed_at))
    over_at = max([healed_at, *ends])
    return Blow(
        stall=max((walk.longest_pause_seconds(struck_at, over_at) for walk in walks), default=0.0),
        ended=(over_at - healed_at).total_seconds(),
    )
