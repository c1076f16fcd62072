"""What is true of the books whatever a test did: asked of every ended order when a shop closes."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Order
from db.reads import WholeOrder
from domain.events import EventType
from domain.orders import OrderId
from domain.stages import Stage
from domain.status import OPEN, OrderStatus
from tests.shop.facts import Moved, charged, provider_log_of, refunded, whole_order

# An order that ended so has paid back whatever was charged.
PAYS_BACK = {OrderStatus.CANCELLED, OrderStatus.FAILED, OrderStatus.RETURNED}


def assert_books_agree(session: Session) -> None:
    """Stages and sequences have no gap; money moved as the stages say, for us as for the provider."""
    for order_id in session.execute(select(Order.id).where(Order.status.not_in(OPEN))).scalars():
        found = whole_order(session, OrderId(order_id))
        _assert_nothing_is_skipped(found)
        _assert_money_is_right(found, provider_log_of(session, OrderId(order_id)))


def _assert_nothing_is_skipped(found: WholeOrder) -> None:
    reached = [event.stage for event in found.events if event.type == EventType.STAGE_REACHED]
    assert reached == [stage.value for stage in Stage][: len(reached)]
    assert found.order.stage == (reached[-1] if reached else None)
    assert [event.sequence for event in found.events] == list(range(1, len(found.events) + 1))


def _assert_money_is_right(found: WholeOrder, provider_log: list[Moved]) -> None:
    order = found.order
    was_charged = order.stage is not None and Stage(order.stage) >= Stage.PAYMENT_CHARGED
    expected = [charged(order.amount_cents)] if was_charged else []
    if was_charged and order.status in PAYS_BACK:
        expected.append(refunded(order.amount_cents))
    assert [Moved(row.kind, row.amount_cents) for row in found.payments] == expected
    assert [moved for moved in provider_log if moved.kind != "void"] == expected
