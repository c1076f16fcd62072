"""Asking about orders."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query

from api.answers import StageAnswer, WholeOrder
from api.context import AnOrderId, TheDesk
from api.errors import OrderNotFound
from api.live import live_stage
from api.responses import NOT_FOUND
from db.reads import find_whole_order

router = APIRouter(tags=["orders"])


@router.get("/orders/{order_id}/stage", summary="get_order_stage", responses=NOT_FOUND)
async def get_order_stage(
    order_id: AnOrderId,
    desk: TheDesk,
    live: Annotated[bool, Query(description="ask the workflow as well")] = True,
) -> StageAnswer:
    """Tell where the order stands by the books and, unless `live=false`, what its workflow says."""
    order = await desk.find(order_id)
    asked = live and not order.status.is_ended
    return StageAnswer(
        order_id=order_id,
        status=order.status,
        stage=order.stage.value if order.stage else None,
        stage_number=order.stage.number if order.stage else 0,
        sla_breached=order.sla_breached,
        live=await live_stage(desk.link, order) if asked else None,
    )


@router.get("/orders/{order_id}", summary="get_order", responses=NOT_FOUND)
async def get_order(order_id: AnOrderId, desk: TheDesk) -> WholeOrder:
    """Tell the whole order, with its payments and events."""
    found = await desk.db.read(partial(find_whole_order, order_id=order_id))
    if found is None:
        raise OrderNotFound(order_id)
    return WholeOrder.model_validate(
        {**vars(found.order), "payments": found.payments, "events": found.events}, from_attributes=True
    )
