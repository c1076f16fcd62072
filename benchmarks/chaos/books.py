"""A look into the books while they are written: which orders are open, and how long each stood still."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from sqlalchemy import func, select

from db.database import Database
from db.models import Order
from domain.events import EventType
from domain.status import OrderStatus
from observability.invariants.evidence import OrderHistory

# An order that is being returned has come to its end before.
ON_THEIR_WAY = (OrderStatus.IN_PROGRESS, OrderStatus.CANCELLING, OrderStatus.FAILING)

STEPS = (EventType.STAGE_REACHED, EventType.COMPENSATED, EventType.ENDED)


class Books:
    """Those of the system under fire."""

    def __init__(self, data_dir: Path) -> None:
        self.url = f"sqlite:///{data_dir / 'orders.db'}"
        self._db = Database(self.url)

    async def open_orders(self, up_to: int | None = None) -> list[int]:
        """Those on their way; of those placed no later than order `up_to`."""
        wanted = select(Order.id).where(Order.status.in_(ON_THEIR_WAY))
        if up_to is not None:
            wanted = wanted.where(Order.id <= up_to)
        return list(await self._db.read(lambda session: session.execute(wanted).scalars().all()))

    async def last_order(self) -> int:
        newest = await self._db.read(lambda session: session.execute(select(func.max(Order.id))).scalar())
        return newest or 0

    def close(self) -> None:
        self._db.close()


def longest_stall_seconds(orders: Iterable[OrderHistory], struck_at: datetime, over_at: datetime) -> float:
    """The longest that any order stood still between the strike and the end of every order it met."""
    found: dict[int, float] = defaultdict(float)
    for order in orders:
        for before, after in _steps(order):
            if before <= over_at and after >= struck_at:
                stood = (after - before).total_seconds()
                found[order.order["id"]] = max(found[order.order["id"]], stood)
    return max(found.values(), default=0.0)


def _steps(order: OrderHistory) -> Iterator[tuple[datetime, datetime]]:
    moments = [order.order["created_at"]]
    for event in order.events:
        if event["type"] in STEPS:
            moments.append(event["at"])
        if event["type"] == EventType.ENDED:
            break
    return pairwise(moments)
