"""An order as its contract tells it, in so few words that it can be read as the specification.

It shares no line with the rules: stages are numbers, 1 to 8. An order rests while stage `under_way` is being
worked on and all before it are reached, or when it has ended.
"""

from dataclasses import dataclass, field

ACCEPTED = "accepted"
AMOUNT = 4200

REVIEW, CHARGE, PREPARE, DISPATCH, SHIP, DELIVER = 3, 4, 5, 6, 7, 8


@dataclass(slots=True)
class OrderModel:
    """What an order is, and what it answers and becomes."""

    status: str = "in_progress"
    reached: int = 0
    under_way: int | None = 1
    address: str = "home"
    changes: int = 0
    label: str | None = None
    payments: list[str] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        return self.under_way is not None

    def cancel(self) -> str:
        """Until shipping begins."""
        if self.status != "in_progress":
            return self._already()
        if self.under_way in {SHIP, DELIVER}:
            return "TOO_LATE"
        self.status = "cancelling"
        if self.under_way == REVIEW:
            self._end("cancelled")
        return ACCEPTED

    def change_address(self, to: str) -> str:
        """Until dispatch begins, and eight times."""
        if self.status != "in_progress":
            return self._already()
        if self.under_way in {DISPATCH, SHIP, DELIVER}:
            return "ADDRESS_LOCKED"
        if self.changes == 8:
            return "TOO_MANY_ADDRESS_CHANGES"
        self.changes += 1
        self.address = to
        return ACCEPTED

    def review(self, verdict: str) -> str:
        """While it is waited for, and once."""
        if self.status != "in_progress":
            return self._already()
        if self.under_way != REVIEW:
            return "NOT_AWAITING_REVIEW" if self.reached < REVIEW else "ALREADY_REVIEWED"
        if verdict == "reject":
            self._end("rejected")
        else:
            self._reach()
        return ACCEPTED

    def nobody_reviews(self) -> None:
        self._end("expired")

    def take_back(self, seconds_after_shipping: float) -> str:
        """Once it is delivered, within 300 seconds of its shipping."""
        if self.status == "in_progress":
            return "NOT_DELIVERED_YET" if self.reached >= SHIP else "NOT_SHIPPED"
        if self.status != "completed":
            return self._already()
        if seconds_after_shipping > 300:
            return "RETURN_WINDOW_CLOSED"
        self._end("returned")
        return ACCEPTED

    def succeed(self) -> None:
        """The stage under way takes place, though the order may be cancelled meanwhile."""
        self._reach()
        if self.status == "cancelling":
            self._end("cancelled")

    def fail_for_good(self) -> None:
        """The stage under way does not take place, however often it is tried."""
        self._end("cancelled" if self.status == "cancelling" else "failed")

    def _reach(self) -> None:
        assert self.under_way is not None
        self.reached = self.under_way
        if self.reached == CHARGE:
            self.payments.append("charge")
        if self.reached == DISPATCH:
            self.label = self.address
        if self.reached == DELIVER:
            self._end("completed")
        else:
            self.under_way = self.reached + 1

    def _end(self, status: str) -> None:
        """What was charged is paid back, unless the order was completed."""
        self.status, self.under_way = status, None
        if status != "completed" and "charge" in self.payments:
            self.payments.append("refund")

    def _already(self) -> str:
        return f"ALREADY_{self.status.upper()}"
