"""What an invariant is: a name, a claim, and a way to find what contradicts it."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from observability.invariants.evidence import Evidence, OrderHistory


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """Something that must not be, and the order it concerns."""

    invariant: str
    what: str
    order_id: int | None = None

    def __str__(self) -> str:
        return f"{self.invariant} order={self.order_id or '-'} {self.what}"


class Invariant(ABC):
    """Its docstring is its claim; `name` is the short name it is known by."""

    name: ClassVar[str]

    @abstractmethod
    def violations(self, evidence: Evidence) -> Iterator[Violation]:
        """Yield whatever contradicts the claim."""


class OrderInvariant(Invariant):
    """A claim about each order by itself."""

    def violations(self, evidence: Evidence) -> Iterator[Violation]:
        for history in evidence.orders:
            for what in self.contradictions(history, evidence):
                yield Violation(invariant=self.name, what=what, order_id=history.order["id"])

    @abstractmethod
    def contradictions(self, history: OrderHistory, evidence: Evidence) -> Iterator[str]:
        """Yield a sentence for whatever contradicts the claim in this order."""
