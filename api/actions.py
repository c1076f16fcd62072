"""What may be done with an order now."""

from datetime import UTC, datetime, timedelta

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from api.answers import Moment
from api.context import AnOrderId, TheDesk
from api.live import ask_workflow
from api.prospects import Prospect, When, prospects_of
from api.responses import NOT_FOUND
from domain.stages import Stage
from domain.status import OrderStatus
from signals import CancellationEffect

router = APIRouter(tags=["orders"])


class TurnAnswer(BaseModel):
    """The moment at which a door opens or closes."""

    model_config = ConfigDict(from_attributes=True)

    stage: Stage
    when: When


class ActionAnswer(BaseModel):
    """One operation: allowed now, or why not.

    `effect` and `refund_cents` are what it would do now; null while a charge is in flight, whose end they
    depend on. `opens` and `closes` are the moments at which that changes if the order goes on as planned.
    """

    operation: str
    allowed: bool
    code: str | None
    detail: str | None
    effect: CancellationEffect | None
    refund_cents: int | None
    opens: TurnAnswer | None
    closes: TurnAnswer | None
    closes_at: Moment | None


class ActionsAnswer(BaseModel):
    """What may be done now, by the workflow's own word if it is `live`, else by the books alone."""

    order_id: int
    status: OrderStatus
    stage: str | None
    live: bool
    actions: list[ActionAnswer]


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
