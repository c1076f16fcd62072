"""Asking about orders."""

import re
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BeforeValidator, WithJsonSchema

from api.answers import LiveStage, OrderPage, OrderRow, StageAnswer, WholeOrder
from api.asking import TheAsker
from api.context import AnOrderId, TheDesk
from api.errors import OrderNotFound
from api.live import Live, ask_workflow
from api.responses import NOT_FOUND
from db.reads import find_page, find_whole_order
from domain.orders import OrderId
from domain.stages import Stage
from domain.status import ITS_WORKFLOW_DECIDES, OrderStatus

router = APIRouter(tags=["orders"])

PAGE = 50
LARGEST_PAGE = 500

# A cursor is the id that all orders of its page are below, in hexadecimal; nobody needs to know.
CURSOR = "^[0-7][0-9a-f]{15}$"


def _opened(cursor: Any) -> Any:
    if not isinstance(cursor, str) or not re.fullmatch(CURSOR, cursor):
        raise ValueError("not a cursor that this service has given")
    return int(cursor, base=16)


def _cursor(before: int) -> str:
    return f"{before:016x}"


Cursor = Annotated[int, BeforeValidator(_opened), WithJsonSchema({"type": "string", "pattern": CURSOR})]


@router.get("/orders/{order_id}/stage", summary="get_order_stage", responses=NOT_FOUND)
async def get_order_stage(
    order_id: AnOrderId,
    desk: TheDesk,
    live: Annotated[bool, Query(description="ask the workflow as well")] = True,
) -> StageAnswer:
    """Tell where the order stands by the books and, unless `live=false`, what its workflow says."""
    order = await desk.find(order_id)
    asked = live and order.status in ITS_WORKFLOW_DECIDES
    found = await ask_workflow(desk.link, order) if asked else None
    return StageAnswer(
        order_id=order_id,
        status=order.status,
        stage=order.stage.value if order.stage else None,
        stage_number=order.stage.number if order.stage else 0,
        sla_breached=order.sla_breached,
        live=_told(found) if found else None,
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


@router.get("/orders", summary="list_orders")
async def list_orders(
    desk: TheDesk,
    asker: TheAsker,
    status: Annotated[OrderStatus | None, Query(description="only orders of this status")] = None,
    stage: Annotated[Stage | None, Query(description="only orders whose last stage is this")] = None,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = PAGE,
    cursor: Annotated[Cursor | None, Query(description="the next_cursor of the page before")] = None,
) -> OrderPage:
    """Tell a page of orders, the newest first; orders that come in meanwhile move none to another page."""
    before = None if cursor is None else OrderId(cursor)
    # One more than asked for tells whether there is a page after this one.
    query = partial(
        find_page, status=status, stage=stage, before=before, limit=limit + 1, owner=asker.only_owner
    )
    found = await desk.db.read(query)
    page = found[:limit]
    return OrderPage(
        orders=[OrderRow.model_validate(order) for order in page],
        next_cursor=_cursor(page[-1].id) if len(found) > limit else None,
    )


def _told(live: Live) -> LiveStage:
    begun = live.progress.begun
    return LiveStage(
        stage=begun.value if begun else None,
        attempts=max((one.attempt for one in live.pending), default=0),
        recent_errors=[one.last_failure for one in live.pending if one.last_failure],
        budget_left_seconds=live.budget_left_seconds,
    )
