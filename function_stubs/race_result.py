"""What a race brought home, on its way into the books."""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from db.books import Effort
from domain.orders import OrderId

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True, slots=True, kw_only=True)
class RaceResult(Generic[T]):
    """`won` is what the winning call returned; `at` is the workflow's time, the same at every try;
    `late` says that the order's budget was spent when the result was written.
    """

    order_id: OrderId
    won: T
    effort: Effort
    at: datetime
    late: bool

    def bringing(self, won: U) -> "RaceResult[U]":
        """The same, with another result."""
        return RaceResult(order_id=self.order_id, won=won, effort=self.effort, at=self.at, late=self.late)
