"""The attempts that orders are making at this moment, for as many orders as a page shows at once."""

import asyncio
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from api.answers import Moment
from api.asking import TheAsker
from api.context import LARGEST_ID, TheDesk, digits
from api.live import find_pending
from db.reads import find_orders
from domain.orders import OrderId
from domain.status import ITS_WORKFLOW_DECIDES

router = APIRouter(tags=["orders"])

MOST_ORDERS = 50

AskedId = Annotated[int, Field(ge=1, le=LARGEST_ID), BeforeValidator(digits)]


class RunningAttempt(BaseModel):
    """One call that is under way; `number` counts from 1 in launch order."""

    number: int
    age_ms: int


class PendingDeed(BaseModel):
    """An activity that is being tried, and the calls it has launched up to its last heartbeat."""

    model_config = ConfigDict(from_attributes=True)

    activity: str
    attempt: int
    since: Moment | None
    last_failure: str | None
    figures: dict[str, int | None] | None
    running: list[RunningAttempt]


class OrderAttempts(BaseModel):
    """What one order is trying; null where Temporal did not tell in time."""

    order_id: int
    pending: list[PendingDeed] | None


@router.get("/attempts", summary="live_attempts")
async def live_attempts(
    desk: TheDesk,
    asker: TheAsker,
    order_id: Annotated[list[AskedId], Query(min_length=1, max_length=MOST_ORDERS)],
) -> list[OrderAttempts]:
    """Tell what those of the orders that are at work are trying at this moment."""
    wanted = [OrderId(one) for one in order_id]
    orders = await desk.db.read(partial(find_orders, order_ids=wanted, owner=asker.only_owner))
    at_work = [order for order in orders if order.status in ITS_WORKFLOW_DECIDES]
    found = await asyncio.gather(*(find_pending(desk.link, order.workflow_id) for order in at_work))
    return [
        OrderAttempts.model_validate({"order_id": order.order_id, "pending": pending}, from_attributes=True)
        for order, pending in zip(at_work, found, strict=True)
    ]
