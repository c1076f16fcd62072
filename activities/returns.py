"""Claim a completed order for its return, or refuse."""

from collections.abc import Callable
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row
from temporalio import activity

from activities.racing import Activities
from db.books import change_status, find_command, lock_order, note_command
from db.reads import snapshot
from domain.events import ACCEPTED, Command, CommandNote
from domain.refusals import Refusal
from domain.status import OrderStatus
from signals import ReturnRequest, decide_return


class ReturnActivities(Activities):
    """The rule is applied in the transaction that claims the order, so that two returns cannot both win."""

    def all(self) -> list[Callable[..., Any]]:
        return [self.claim_return]

    @activity.defn
    async def claim_return(self, request: ReturnRequest) -> int:
        """Return what is owed in cents; raises a refusal, which is written down as well."""
        refusal, refund_cents = await self._db.write(partial(_claim, request=request))
        if refusal is not None:
            raise refusal
        return refund_cents


def _claim(connection: Connection, request: ReturnRequest) -> tuple[Refusal | None, int]:
    """A claim that is tried again finds what it decided the first time."""
    row = lock_order(connection, request.order_id)
    decided = find_command(connection, request.order_id, request.command_id)
    if decided is not None:
        return _refusal_as_decided(decided), row.amount_cents
    refusal = _refusal(row, request)
    note_command(connection, request.order_id, _note(request, refusal))
    if refusal is None:
        change_status(connection, request.order_id, OrderStatus.RETURNING, when=[OrderStatus.COMPLETED])
    return refusal, row.amount_cents


def _refusal_as_decided(decided: Row[Any]) -> Refusal | None:
    """What was said the first time still holds, though by now the order may have moved on."""
    if decided.decision == ACCEPTED:
        return None
    return Refusal("the return was refused when it was asked for", code=decided.decision)


def _refusal(row: Row[Any], request: ReturnRequest) -> Refusal | None:
    order = snapshot(row)
    try:
        decide_return(
            order.status,
            order.progress,
            shipped_at=order.shipped_at,
            requested_at=request.requested_at,
            window=request.window,
        )
    except Refusal as refusal:
        return refusal
    return None


def _note(request: ReturnRequest, refusal: Refusal | None) -> CommandNote:
    return CommandNote(
        command=Command.RETURN,
        command_id=request.command_id,
        decision=refusal.code if refusal else ACCEPTED,
        actor=request.actor,
        accepted=refusal is None,
        reason=request.reason,
    )
