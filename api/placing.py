"""Placing orders."""

from http import HTTPStatus

from fastapi import APIRouter, Response

from api.answers import OrderPlaced
from api.bodies import OrderBody
from api.context import TheDesk
from domain.orders import DEMO_ITEMS

router = APIRouter(tags=["orders"])


@router.post("/orders", status_code=HTTPStatus.CREATED, summary="start_order")
async def start_order(body: OrderBody, desk: TheDesk, response: Response) -> OrderPlaced:
    """Place an order; only the address is required. Its eight stages then take a few seconds."""
    items = DEMO_ITEMS if body.items is None else tuple(item.to_domain() for item in body.items)
    order = await desk.place(body.address.to_domain(), items)
    response.headers["Location"] = f"/orders/{order.order_id}"
    return OrderPlaced(
        order_id=order.order_id, workflow_id=order.workflow_id, status=order.status, stage=None
    )
