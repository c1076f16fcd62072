"""What the books say of one order, short enough to compare."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.books import find_event
from db.models import CarrierEntry, Event, Order, PaymentProviderEntry
from db.reads import WholeOrder, find_whole_order
from domain.events import EventType
from domain.orders import Address, OrderId
from domain.stages import Stage
from domain.status import OrderStatus


@dataclass(frozen=True, slots=True)
class Moved:
    """Money that went one way."""

    kind: str
    amount_cents: int


def charged(amount_cents: int) -> Moved:
    return Moved("charge", amount_cents)


def refunded(amount_cents: int) -> Moved:
    return Moved("refund", amount_cents)


def voided(amount_cents: int) -> Moved:
    """The provider's word that it never charged, and never will."""
    return Moved("void", amount_cents)


def stages(*, until: Stage) -> list[str]:
    """The lines of the story of an order that came as far as `until`."""
    return [stage.value for stage in Stage if stage <= until]


def undone(stage: Stage) -> str:
    """The line of a story that says so."""
    return f"undone: {stage.value}"


def ended(status: OrderStatus) -> str:
    """The line of a story that says so."""
    return f"ended: {status}"


def line_of(event: Event) -> str:
    """One event of a story."""
    match event.type:
        case EventType.STAGE_REACHED:
            return str(event.stage)
        case EventType.COMPENSATED:
            return undone(Stage(event.stage))
        case EventType.ENDED:
            return ended(OrderStatus(event.status or ""))
        case _:
            return f"{event.command}: {event.decision}"


def whole_order(session: Session, order_id: OrderId) -> WholeOrder:
    found = find_whole_order(session, order_id)
    assert found is not None
    return found


def status_of(session: Session, order_id: OrderId) -> str:
    return session.execute(select(Order.status).where(Order.id == order_id)).scalar_one()


def has_reached(session: Session, order_id: OrderId, stage: Stage) -> bool:
    return find_event(session, order_id, EventType.STAGE_REACHED, stage) is not None


def payments_of(session: Session, order_id: OrderId) -> list[Moved]:
    return [Moved(row.kind, row.amount_cents) for row in whole_order(session, order_id).payments]


def provider_log_of(session: Session, order_id: OrderId) -> list[Moved]:
    """The payment provider's own view of the same money."""
    log = PaymentProviderEntry
    found = select(log).where(log.order_id == order_id).order_by(log.id)
    return [Moved(row.kind, row.amount_cents) for row in session.execute(found).scalars()]


def carrier_log_of(session: Session, order_id: OrderId) -> list[str]:
    """What the carrier did, in order: dispatch and recall, or void where it never dispatched."""
    found = select(CarrierEntry).where(CarrierEntry.order_id == order_id).order_by(CarrierEntry.id)
    return [row.kind for row in session.execute(found).scalars()]


def label_of(session: Session, order_id: OrderId) -> Address | None:
    """The address on the package; None if it was never labelled."""
    found = select(CarrierEntry.address).where(
        CarrierEntry.order_id == order_id, CarrierEntry.kind == "dispatch"
    )
    written: dict[str, Any] | None = session.execute(found).scalar()
    return Address(**written) if written else None
