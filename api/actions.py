"""What may be done with an order now."""

from datetime import UTC, datetime, timedelta

from fastapi import APIRouter

from api.answers import ActionAnswer, ActionsAnswer, TurnAnswer
from api.context import AnOrderId, TheDesk
from api.live import ask_workflow
from api.prospects import Prospect, prospects_of
from api.responses import NOT_FOUND
from domain.status import OrderStatus

router = APIRouter(tags=["orders"])


@router.get("/orders/{order_id}/actions", summary="order_actions", responses=NOT_FOUND)
async def order_actions(order_id: AnOrderId, desk: TheDesk) -> ActionsAnswer:
    """Tell what may be done now, what it would do, and what will open or close each door."""
    order = await desk.find(order_id)
    asked = order.status is OrderStatus.IN_PROGRESS
    live = await ask_workflow(desk.link, order) if asked else None
    prospects = prospects_of(
        order,
        order.progress.joined_with(live.progress) if live else order.progress,
        at=datetime.now(UTC),
        window=timedelta(seconds=desk.settings.return_window_seconds),
    )
    return ActionsAnswer(
        order_id=order_id,
        status=order.status,
        stage=order.stage.value if order.stage else None,
        live=live is not None,
        actions=[_told(prospect) for prospect in prospects],
    )


def _told(prospect: Prospect) -> ActionAnswer:
    refusal = prospect.refusal
    return ActionAnswer(
        operation=prospect.operation,
        allowed=refusal is None,
        code=refusal.code if refusal else None,
        detail=refusal.message if refusal else None,
        effect=prospect.effect,
        refund_cents=prospect.refund_cents,
        opens=TurnAnswer.model_validate(prospect.opens) if prospect.opens else None,
        closes=TurnAnswer.model_validate(prospect.closes) if prospect.closes else None,
        closes_at=prospect.closes_at,
    )
