"""Commands thrown at an order at a random moment, to see what becomes of them."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from random import Random
from typing import Annotated

from fastapi import APIRouter, Query

from api.answers import TrialAnswer, TrialEnd
from api.asking import Asker, TheAsker
from api.commanding import cancel, change_address
from api.context import TheDesk
from api.desk import Desk
from api.errors import DecisionPending
from api.once import an_ask_of_our_own
from api.placing import place
from db.keys import Answer
from db.reads import WholeOrder, find_whole_order
from domain.events import PaymentKind
from domain.orders import DEMO_ITEMS, Address, OrderId
from domain.status import OrderStatus

router = APIRouter(prefix="/trials", tags=["trials"])

TRIAL = "trial"
FIRST_ADDRESS = Address(line1="1 Harbour Street", city="Bremen", postal_code="28195", country="DE")
OTHER_ADDRESS = Address(line1="2 Mill Lane", city="Leiden", postal_code="2311", country="NL")

# As large as every JSON reader can hold.
LARGEST_SEED = 2**53 - 1

# An order has 15 seconds; one that takes longer is told of as it stands.
ENDS_WITHIN = timedelta(seconds=20)
LOOK_EVERY = timedelta(seconds=0.1)

# A decision that waits for a charge in flight is asked for again.
TIMES_ASKED = 4

Within = Annotated[float, Query(gt=0, le=60, allow_inf_nan=False, description="the latest moment")]
Seed = Annotated[
    int | None, Query(ge=0, le=LARGEST_SEED, description="of an earlier trial: the same moment again")
]
CommandOn = Callable[[OrderId], Awaitable[Answer]]


@router.post("/cancel-order", summary="test_cancel_order")
async def test_cancel_order(
    desk: TheDesk, asker: TheAsker, within_seconds: Within = 6, seed: Seed = None
) -> TrialAnswer:
    """Start an order, cancel it at a random moment; tell what was decided, and how the order ended."""
    ask = an_ask_of_our_own(asker.owner)

    def stop(order_id: OrderId) -> Awaitable[Answer]:
        return cancel(desk, ask, order_id, actor=TRIAL)

    return await _try(desk, asker, stop, within_seconds, seed)


@router.post("/update-address", summary="test_update_address")
async def test_update_address(
    desk: TheDesk, asker: TheAsker, within_seconds: Within = 6, seed: Seed = None
) -> TrialAnswer:
    """Start an order, change its address at a random moment; tell what was decided, and how it ended."""
    ask = an_ask_of_our_own(asker.owner)

    def change(order_id: OrderId) -> Awaitable[Answer]:
        return change_address(desk, ask, order_id, actor=TRIAL, address=OTHER_ADDRESS)

    return await _try(desk, asker, change, within_seconds, seed)


async def _try(
    desk: Desk, asker: Asker, command: CommandOn, within_seconds: float, seed: int | None
) -> TrialAnswer:
    seed = Random().randrange(LARGEST_SEED) if seed is None else seed  # noqa: S311 - a trial, not a secret
    moment = Random(seed).uniform(0, within_seconds)  # noqa: S311
    placed = await place(desk, an_ask_of_our_own(asker.owner), FIRST_ADDRESS, DEMO_ITEMS)
    order_id = OrderId(placed.body["order_id"])
    await asyncio.sleep(moment)
    answer = await _decided(command, order_id)
    return TrialAnswer(
        order_id=order_id,
        seed=seed,
        moment_seconds=round(moment, 3),
        stage=answer.body.get("stage"),
        decision="accepted" if answer.status == HTTPStatus.OK else "refused",
        code=answer.body.get("code"),
        end=await _end_of(desk, order_id),
    )


async def _decided(command: CommandOn, order_id: OrderId) -> Answer:
    for _ in range(TIMES_ASKED - 1):
        try:
            return await command(order_id)
        except DecisionPending:
            continue
    return await command(order_id)


async def _end_of(desk: Desk, order_id: OrderId) -> TrialEnd | None:
    """Return how the order ended; None if it has not."""
    try:
        async with asyncio.timeout(ENDS_WITHIN.total_seconds()):
            while not (await desk.find(order_id)).status.is_ended:  # noqa: ASYNC110 - a worker writes it
                await asyncio.sleep(LOOK_EVERY.total_seconds())
    except TimeoutError:
        return None
    whole = await desk.db.read(partial(find_whole_order, order_id=order_id))
    return _told(whole) if whole else None


def _told(whole: WholeOrder) -> TrialEnd:
    order = whole.order
    took = (order.ended_at or order.created_at) - order.created_at
    moved = {payment.kind: payment.amount_cents for payment in whole.payments}
    return TrialEnd(
        status=OrderStatus(order.status),
        stage=order.stage,
        charged_cents=moved.get(PaymentKind.CHARGE, 0),
        refunded_cents=moved.get(PaymentKind.REFUND, 0),
        city=order.address["city"],
        seconds=took.total_seconds(),
    )
