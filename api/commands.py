"""What an order may be told: cancel, change the address, review, return."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from fastapi import APIRouter

from api.answers import AddressAnswer, CancellationAnswer, ReturnAnswer, ReviewAnswer
from api.bodies import AddressBody, ReasonBody, ReviewBody
from api.context import AnOrderId, TheDesk
from api.responses import refused
from db.reads import OrderSnapshot
from domain.events import CUSTOMER
from signals import AddressChange, Cancellation, CancellationEffect, ReturnRequest, Review, Verdict

router = APIRouter(tags=["orders"])


@router.put(
    "/orders/{order_id}/address",
    summary="update_address",
    responses=refused("ADDRESS_LOCKED", "ALREADY_<STATUS>"),
)
async def update_address(order_id: AnOrderId, body: AddressBody, desk: TheDesk) -> AddressAnswer:
    """Send the package elsewhere; refused once the carrier's dispatch has begun."""
    command = AddressChange(command_id=_new_id(), actor=CUSTOMER, address=body.to_domain())
    await desk.change_address(order_id, command)
    order = await desk.find(order_id)
    return AddressAnswer(order_id=order_id, stage=_stage_of(order), address=asdict(command.address))


@router.post(
    "/orders/{order_id}/cancel", summary="cancel_order", responses=refused("TOO_LATE", "ALREADY_<STATUS>")
)
async def cancel_order(
    order_id: AnOrderId, desk: TheDesk, body: ReasonBody | None = None
) -> CancellationAnswer:
    """Stop the order and pay back what was charged; refused once shipping has begun.

    Answers as soon as it is known whether the charge took place, not when the refund is done.
    """
    command = Cancellation(command_id=_new_id(), actor=CUSTOMER, reason=body.reason if body else None)
    effect = await desk.cancel(order_id, command)
    order = await desk.find(order_id)
    owed = order.amount_cents if effect is CancellationEffect.CANCELLED_AND_REFUNDED else 0
    return CancellationAnswer(
        order_id=order_id, stage=_stage_of(order), status=order.status, effect=effect, refund_cents=owed
    )


@router.post(
    "/orders/{order_id}/review",
    summary="review_order",
    responses=refused("NOT_AWAITING_REVIEW", "ALREADY_REVIEWED", "ALREADY_<STATUS>"),
)
async def review_order(order_id: AnOrderId, body: ReviewBody, desk: TheDesk) -> ReviewAnswer:
    """Approve or reject an order that waits for its review."""
    verdict = Verdict(body.decision)
    command = Review(command_id=_new_id(), verdict=verdict, reviewer=body.reviewer, reason=body.reason)
    await desk.review(order_id, command)
    order = await desk.find(order_id)
    return ReviewAnswer(order_id=order_id, stage=_stage_of(order), verdict=verdict)


@router.post(
    "/orders/{order_id}/return",
    summary="return_order",
    responses=refused("NOT_SHIPPED", "NOT_DELIVERED_YET", "RETURN_WINDOW_CLOSED", "ALREADY_<STATUS>"),
)
async def return_order(order_id: AnOrderId, desk: TheDesk, body: ReasonBody | None = None) -> ReturnAnswer:
    """Take a delivered order back and pay it back, if it was shipped within the return window."""
    request = ReturnRequest(
        order_id=order_id,
        command_id=_new_id(),
        actor=CUSTOMER,
        requested_at=datetime.now(UTC),
        window=timedelta(seconds=desk.settings.return_window_seconds),
        reason=body.reason if body else None,
    )
    return ReturnAnswer(order_id=order_id, refund_cents=await desk.take_back(request))


def _new_id() -> str:
    return uuid4().hex


def _stage_of(order: OrderSnapshot) -> str | None:
    return order.stage.value if order.stage else None
