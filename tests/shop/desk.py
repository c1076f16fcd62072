"""A desk over a shop's books: how workflows are started, and started anew when they were lost."""

from functools import partial
from typing import Any

from sqlalchemy import Connection, update

from api.desk import Desk
from config.settings import ReviewMode, Settings
from db.models import Order
from db.reads import find_standing
from domain.orders import OrderId
from engine.link import TemporalLink
from tests.shop.orders import PlacedOrder
from tests.shop.shop import Shop
from workflows.order_workflow import OrderWorkflow


def a_desk_of(shop: Shop, **settings: Any) -> Desk:
    """The simulated reviewer approves at once, unless `settings` say otherwise."""
    given = Settings.model_validate({"review_seconds": 0, **settings})
    return Desk(settings=given, db=shop.db, link=TemporalLink(given), tag=shop.tag)


async def lost(order: PlacedOrder) -> None:
    """Temporal ends the workflow, and its child with it; nobody is told."""
    await order.handle.terminate("lost")


def let_temporal_forget(connection: Connection, order_id: OrderId) -> None:
    """As its server does once a closed workflow's retention is over."""
    connection.execute(update(Order).where(Order.id == order_id).values(workflow_id=f"forgotten-{order_id}"))


async def taken_up(shop: Shop, order: PlacedOrder, *, review: ReviewMode = ReviewMode.AUTO) -> PlacedOrder:
    """Return the order with the workflow that the doctor starts for it when its own was lost."""
    standing = await shop.db.read(partial(find_standing, order_id=order.id))
    desk = a_desk_of(shop, review_mode=review)
    await desk.start(shop.client, await desk.find(order.id), standing)
    handle = shop.client.get_workflow_handle_for(OrderWorkflow.run, order.handle.id)
    return shop.adopt(order.id, handle)
