"""Commands thrown at an order at a random moment, to see what becomes of them."""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Query

from api.answers import TrialAnswer
from api.context import TheDesk
from api.desk import Desk
from api.errors import CommandRefused
from domain.orders import DEMO_ITEMS, Address, OrderId
from signals import AddressChange, Cancellation

router = APIRouter(prefix="/trials", tags=["trials"])

TRIAL = "trial"
FIRST_ADDRESS = Address(line1="1 Harbour Street", city="Bremen", postal_code="28195", country="DE")
OTHER_ADDRESS = Address(line1="2 Mill Lane", city="Leiden", postal_code="2311", country="NL")

Within = Annotated[float, Query(gt=0, le=60, allow_inf_nan=False, description="the latest moment")]
Seed = Annotated[int | None, Query(description="the same seed, the same moment")]


@router.post("/cancel-order", summary="test_cancel_order")
async def test_cancel_order(desk: TheDesk, within_seconds: Within = 6, seed: Seed = None) -> TrialAnswer:
    """Start an order, cancel it at a random moment, and tell what was decided."""

    async def cancel(order_id: OrderId) -> None:
        await desk.cancel(order_id, Cancellation(command_id=uuid4().hex, actor=TRIAL))

    return await _try(desk, cancel, _moment(within_seconds, seed))


@router.post("/update-address", summary="test_update_address")
async def test_update_address(desk: TheDesk, within_seconds: Within = 6, seed: Seed = None) -> TrialAnswer:
    """Start an order, change its address at a random moment, and tell what was decided."""

    async def change(order_id: OrderId) -> None:
        command = AddressChange(command_id=uuid4().hex, actor=TRIAL, address=OTHER_ADDRESS)
        await desk.change_address(order_id, command)

    return await _try(desk, change, _moment(within_seconds, seed))


def _moment(within_seconds: float, seed: int | None) -> float:
    return Random(seed).uniform(0, within_seconds)  # noqa: S311 - a trial, not a secret


async def _try(desk: Desk, command: Callable[[OrderId], Awaitable[None]], moment: float) -> TrialAnswer:
    order = await desk.place(FIRST_ADDRESS, DEMO_ITEMS)
    await asyncio.sleep(moment)
    refusal: str | None = None
    try:
        await command(order.order_id)
    except CommandRefused as refused:
        refusal = refused.refusal.code
    met = await desk.find(order.order_id)
    return TrialAnswer(
        order_id=order.order_id,
        moment_seconds=round(moment, 3),
        stage=met.stage.value if met.stage else None,
        decision="refused" if refusal else "accepted",
        code=refusal,
    )
