"""What an order may be told: cancel, change the address, review, return."""

from dataclasses import asdict

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from api import commanding
from api.answers import AddressAnswer, CancellationAnswer, ReturnAnswer, ReviewAnswer
from api.bodies import AddressBody, ReasonBody, ReviewBody
from api.context import AnOrderId, TheDesk
from api.once import TheAsk, actor_of, told
from api.responses import refused
from signals import Verdict

router = APIRouter(tags=["orders"])


@router.put(
    "/orders/{order_id}/address",
    summary="update_address",
    response_model=AddressAnswer,
    responses=refused("ADDRESS_LOCKED", "TOO_MANY_ADDRESS_CHANGES", "ALREADY_<STATUS>"),
)
async def update_address(order_id: AnOrderId, body: AddressBody, desk: TheDesk, ask: TheAsk) -> JSONResponse:
    """Send the package elsewhere; refused once the carrier's dispatch has begun, and after 8 changes."""
    address = body.to_domain()
    answer = await commanding.change_address(desk, ask, order_id, actor=actor_of(ask), address=address)
    # Whoever asks with the same key sends the same address, so it need not be stored with the answer.
    return told(answer, if_accepted={"address": asdict(address)})


@router.post(
    "/orders/{order_id}/cancel",
    summary="cancel_order",
    response_model=CancellationAnswer,
    responses=refused("TOO_LATE", "ALREADY_<STATUS>"),
)
async def cancel_order(
    order_id: AnOrderId, desk: TheDesk, ask: TheAsk, body: ReasonBody | None = None
) -> JSONResponse:
    """Stop the order and pay back what was charged; refused once shipping has begun.

    Answers as soon as it is known whether the charge took place, not when the refund is done.
    """
    reason = body.reason if body else None
    return told(await commanding.cancel(desk, ask, order_id, actor=actor_of(ask), reason=reason))


@router.post(
    "/orders/{order_id}/review",
    summary="review_order",
    response_model=ReviewAnswer,
    responses=refused("NOT_AWAITING_REVIEW", "ALREADY_REVIEWED", "ALREADY_<STATUS>"),
)
async def review_order(order_id: AnOrderId, body: ReviewBody, desk: TheDesk, ask: TheAsk) -> JSONResponse:
    """Approve or reject an order that waits for its review."""
    verdict = Verdict(body.decision)
    answer = await commanding.review(
        desk, ask, order_id, verdict=verdict, reviewer=body.reviewer, reason=body.reason
    )
    return told(answer)


@router.post(
    "/orders/{order_id}/return",
    summary="return_order",
    response_model=ReturnAnswer,
    responses=refused("NOT_SHIPPED", "NOT_DELIVERED_YET", "RETURN_WINDOW_CLOSED", "ALREADY_<STATUS>"),
)
async def return_order(
    order_id: AnOrderId, desk: TheDesk, ask: TheAsk, body: ReasonBody | None = None
) -> JSONResponse:
    """Take a delivered order back and pay it back, if it was shipped within the return window."""
    reason = body.reason if body else None
    return told(await commanding.return_order(desk, ask, order_id, actor=actor_of(ask), reason=reason))
