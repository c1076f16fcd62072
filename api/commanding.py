"""What becomes of a command: decided once, answered once, a refusal written down with its answer."""

from datetime import datetime, timedelta
from functools import partial

from api.answers import CancellationAnswer, CommandAnswer, ReturnAnswer, ReviewAnswer
from api.deciding import CANCELLING, READDRESSING, REVIEWING, AnyCommand, Way, decide
from api.desk import Desk
from api.once import Work, once
from api.returning import take_back
from db.keys import Answer, Ask
from db.reads import OrderSnapshot
from domain.events import CommandNote
from domain.orders import Address, OrderId
from domain.refusals import Refusal
from domain.stages import Stage
from signals import AddressChange, Cancellation, CancellationEffect, ReturnRequest, Review, Verdict


async def cancel(desk: Desk, ask: Ask, order_id: OrderId, *, actor: str, reason: str | None = None) -> Answer:
    """Stop the order, and say what that does to the customer's money."""
    command = Cancellation(command_id=ask.command_id, actor=actor, reason=reason)

    async def work(_: datetime) -> CancellationAnswer:
        effect: CancellationEffect = await decide(desk, order_id, CANCELLING, command)
        order = await desk.find(order_id)
        if order.progress.has_reached(Stage.PAYMENT_CHARGED):
            # Which a workflow that was rolled back may have forgotten.
            effect = CancellationEffect.CANCELLED_AND_REFUNDED
        owed = order.amount_cents if effect is CancellationEffect.CANCELLED_AND_REFUNDED else 0
        return CancellationAnswer(
            order_id=order_id, stage=_stage_of(order), status=order.status, effect=effect, refund_cents=owed
        )

    return await _decided_once(desk, ask, order_id, work, CANCELLING, command)


async def change_address(desk: Desk, ask: Ask, order_id: OrderId, *, actor: str, address: Address) -> Answer:
    """Send the package elsewhere; the answer is stored, so it does not repeat the address."""
    command = AddressChange(command_id=ask.command_id, actor=actor, address=address)

    async def work(_: datetime) -> CommandAnswer:
        await decide(desk, order_id, READDRESSING, command)
        return CommandAnswer(order_id=order_id, stage=_stage_of(await desk.find(order_id)))

    return await _decided_once(desk, ask, order_id, work, READDRESSING, command)


async def review(
    desk: Desk, ask: Ask, order_id: OrderId, *, verdict: Verdict, reviewer: str, reason: str | None = None
) -> Answer:
    """Approve or reject an order that waits for it."""
    command = Review(command_id=ask.command_id, verdict=verdict, reviewer=reviewer, reason=reason)

    async def work(_: datetime) -> ReviewAnswer:
        await decide(desk, order_id, REVIEWING, command)
        stage = _stage_of(await desk.find(order_id))
        return ReviewAnswer(order_id=order_id, stage=stage, verdict=verdict)

    return await _decided_once(desk, ask, order_id, work, REVIEWING, command)


async def return_order(
    desk: Desk, ask: Ask, order_id: OrderId, *, actor: str, reason: str | None = None
) -> Answer:
    """Take a delivered order back and pay it back; its workflow writes down what it decides."""
    await desk.find(order_id)

    async def work(asked_at: datetime) -> ReturnAnswer:
        request = ReturnRequest(
            order_id=order_id,
            command_id=ask.command_id,
            actor=actor,
            requested_at=asked_at,
            window=timedelta(seconds=desk.settings.return_window_seconds),
            reason=reason,
        )
        return ReturnAnswer(order_id=order_id, refund_cents=await take_back(desk, request))

    return await once(desk.db, ask, order_id, work, note=lambda _: None)


async def _decided_once(
    desk: Desk, ask: Ask, order_id: OrderId, work: Work, way: Way, command: AnyCommand
) -> Answer:
    await desk.find(order_id)
    return await once(desk.db, ask, order_id, work, partial(_refused, way, command))


def _refused(way: Way, command: AnyCommand, refusal: Refusal) -> CommandNote:
    return CommandNote(
        command=way.command,
        command_id=command.command_id,
        decision=refusal.code,
        actor=command.reviewer if isinstance(command, Review) else command.actor,
        accepted=False,
    )


def _stage_of(order: OrderSnapshot) -> str | None:
    return order.stage.value if order.stage else None
