"""Commands thrown at an order at a random moment, to see what becomes of them."""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from random import Random
from typing import Annotated

from fastapi import APIRouter, Query

from api.answers import TrialAnswer
from api.commanding import cancel, change_address
from api.context import TheDesk
from api.desk import Desk
from api.once import an_ask_of_our_own
from api.placing import place
from db.keys import Answer
from domain.orders import DEMO_ITEMS, Address, OrderId

router = APIRouter(prefix="/trials", tags=["trials"])

TRIAL = "trial"
FIRST_ADDRESS = Address(line1="1 Harbour Street", city="Bremen", postal_code="28195", country="DE")
OTHER_ADDRESS = Address(line1="2 Mill Lane", city="Leiden", postal_code="2311", country="NL")

Within = Annotated[float, Query(gt=0, le=60, allow_inf_nan=False, description="the latest moment")]
Seed = Annotated[int | None, Query(description="the same seed, the same moment")]


@router.post("/cancel-order", summary="test_cancel_order")
async def test_cancel_order(desk: TheDesk, within_seconds: Within = 6, seed: Seed = None) -> TrialAnswer:
    """Start an order, cancel it at a random moment, and tell what was decided."""

    async def command(order_id: OrderId) -> Answer:
        return await cancel(desk, an_ask_of_our_own(), order_id, actor=TRIAL)

    return await _try(desk, command, _moment(within_seconds, seed))


@router.post("/update-address", summary="test_update_address")
async def test_update_address(desk: TheDesk, within_seconds: Within = 6, seed: Seed = None) -> TrialAnswer:
    """Start an order, change its address at a random moment, and tell what was decided."""

    async def command(order_id: OrderId) -> Answer:
        ask = an_ask_of_our_own()
        return await change_address(desk, ask, order_id, actor=TRIAL, address=OTHER_ADDRESS)

    return await _try(desk, command, _moment(within_seconds, seed))


def _moment(within_seconds: float, seed: int | None) -> float:
    return Random(seed).uniform(0, within_seconds)  # noqa: S311 - a trial, not a secret


async def _try(desk: Desk, command: Callable[[OrderId], Awaitable[Answer]], moment: float) -> TrialAnswer:
    placed = await place(desk, an_ask_of_our_own(), FIRST_ADDRESS, DEMO_ITEMS)
    order_id = OrderId(placed.body["order_id"])
    await asyncio.sleep(moment)
    answer = await command(order_id)
    accepted = answer.status == HTTPStatus.OK
    return TrialAnswer(
        order_id=order_id,
        moment_seconds=round(moment, 3),
        stage=answer.body.get("stage"),
        decision="accepted" if accepted else "refused",
        code=None if accepted else answer.body["code"],
    )
