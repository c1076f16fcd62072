"""Which orders wait to be begun: what the sweep starts, and what the door is closed for."""

from datetime import timedelta
from functools import partial

from db.books import add_order, now
from db.database import Database
from db.reads import find_unstarted
from domain.orders import DEMO_ITEMS, OrderId
from domain.stages import Stage
from tests.unit.db.conftest import HOME, reach

SOON = timedelta(hours=1)


def place(db: Database) -> OrderId:
    return db.write_now(partial(add_order, tag="tag", address=HOME, items=DEMO_ITEMS)).order_id


def unstarted(db: Database, *, placed_before: timedelta, limit: int = 10) -> list[OrderId]:
    """Those placed before a moment so far from now."""
    found = db.read_now(partial(find_unstarted, placed_before=now() + placed_before, limit=limit))
    return [order.order_id for order in found]


def test_the_oldest_of_those_that_have_reached_no_stage_are_found(db: Database) -> None:
    begun, *waiting = [place(db) for _ in range(4)]
    reach(db, begun, Stage.ORDER_RECEIVED)

    assert unstarted(db, placed_before=SOON) == waiting
    assert unstarted(db, placed_before=SOON, limit=2) == waiting[:2]


def test_an_order_that_was_placed_just_now_does_not_wait_yet(db: Database, order_id: OrderId) -> None:
    assert unstarted(db, placed_before=-SOON) == []
    assert unstarted(db, placed_before=SOON) == [order_id]
