"""Placing orders."""

import logging
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from sqlalchemy import Connection
from sqlalchemy.orm import Session
from temporalio.service import RPCError

from api.answers import OrderPlaced
from api.bodies import OrderBody
from api.context import TheDesk
from api.desk import Desk
from api.once import TheAsk, told
from api.responses import OF_A_KEY, conflict
from db.books import add_order
from db.keys import Answer, Ask, claim_key, find_answer, settle_key
from db.reads import OrderSnapshot, Source, read_order
from domain.orders import DEMO_ITEMS, Address, Item, OrderId
from engine.link import TemporalAway

log = logging.getLogger(__name__)
router = APIRouter(tags=["orders"])


@router.post(
    "/orders",
    status_code=HTTPStatus.CREATED,
    summary="start_order",
    response_model=OrderPlaced,
    responses=conflict(*OF_A_KEY),
)
async def start_order(body: OrderBody, desk: TheDesk, ask: TheAsk) -> JSONResponse:
    """Place an order; only the address is required. Its eight stages then take a few seconds."""
    items = DEMO_ITEMS if body.items is None else tuple(item.to_domain() for item in body.items)
    answer = await place(desk, ask, body.address.to_domain(), items)
    return told(answer, headers={"Location": f"/orders/{answer.body['order_id']}"})


async def place(desk: Desk, ask: Ask, address: Address, items: tuple[Item, ...]) -> Answer:
    """Take an order in and start its workflow; raises KeyReused and TemporalAway, and has written
    nothing then.

    Once the row is committed the order is taken, even if the start fails: the sweep starts it. Whoever asks
    again need not wait for the sweep.
    """
    try:
        desk.link.client()
    except TemporalAway:
        placed = await desk.db.read(partial(_find_placed, ask=ask))
        if placed is None:
            raise
    else:
        placed = await desk.db.write(partial(_take_in, ask=ask, tag=desk.tag, address=address, items=items))
    await _start(desk, placed.order)
    return placed.answer


async def _start(desk: Desk, order: OrderSnapshot) -> None:
    if not order.may_be_unstarted:
        return
    try:
        await desk.start(desk.link.client(), order)
    except TemporalAway:
        log.warning("order.start_delayed", extra={"order_id": order.order_id, "why": "TEMPORAL_AWAY"})
    except RPCError as error:
        log.warning("order.start_delayed", extra={"order_id": order.order_id, "why": error.status.name})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Placed:
    """What was answered, and the order as it stands."""

    answer: Answer
    order: OrderSnapshot


def _find_placed(session: Session, ask: Ask) -> _Placed | None:
    """Return what was placed under the key, None if nothing was."""
    answer = find_answer(session, ask)
    return None if answer is None else _placed(session, answer)


def _take_in(
    connection: Connection, ask: Ask, tag: str, address: Address, items: tuple[Item, ...]
) -> _Placed:
    """The key, the order and the answer are one transaction: there is never one without the others."""
    answer = claim_key(connection, ask).answer
    if answer is not None:
        return _placed(connection, answer)
    order = add_order(connection, tag, address, items, owner=ask.owner)
    placed = OrderPlaced(
        order_id=order.order_id, workflow_id=order.workflow_id, status=order.status, stage=None
    )
    answer = Answer(status=HTTPStatus.CREATED, body=placed.model_dump(mode="json"))
    return _Placed(answer=settle_key(connection, ask, answer), order=order)


def _placed(source: Source, answer: Answer) -> _Placed:
    return _Placed(answer=answer, order=read_order(source, OrderId(answer.body["order_id"])))
