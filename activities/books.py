"""Quick writes to our own books: they call nobody, so they need no hedging."""

from collections.abc import Callable
from functools import partial
from typing import Any

from sqlalchemy import Connection
from temporalio import activity

from activities.racing import Activities
from db.books import (
    begin_failing,
    change_address,
    change_status,
    end_without_refund,
    note_command,
    now,
    refuse_against_verdict,
    refuse_once_reached,
)
from domain.events import CommandNote
from domain.orders import Address, OrderId
from domain.stages import Stage
from domain.status import OrderStatus
from domain.tasks import StageTask
from function_stubs.intake import record_reviewed
from signals import CANCELLATION_CLOSES_AT, Verdict


class BookActivities(Activities):
    """What was decided about an order is written down before its caller hears of it."""

    def all(self) -> list[Callable[..., Any]]:
        return [
            self.record_command,
            self.record_review,
            self.record_cancellation,
            self.record_address_change,
            self.begin_failing,
            self.end_order,
        ]

    @activity.defn
    async def record_command(self, order_id: OrderId, note: CommandNote) -> None:
        await self._db.write(partial(note_command, order_id=order_id, note=note))

    @activity.defn
    async def record_review(self, order_id: OrderId, note: CommandNote) -> None:
        """A person's verdict, and stage 3 with it if they approved: the time they took makes nobody late."""

        def write(connection: Connection) -> None:
            refuse_against_verdict(connection, order_id, Verdict(note.decision))
            note_command(connection, order_id, note)
            if note.decision == Verdict.APPROVE:
                record_reviewed(connection, order_id, note.actor, late=False)

        await self._db.write(write)

    @activity.defn
    async def record_cancellation(self, order_id: OrderId, note: CommandNote) -> None:
        """From here on the order reads `cancelling`."""

        def write(connection: Connection) -> None:
            if note_command(connection, order_id, note):
                refuse_once_reached(connection, order_id, CANCELLATION_CLOSES_AT)
                change_status(connection, order_id, OrderStatus.CANCELLING, when=[OrderStatus.IN_PROGRESS])

        await self._db.write(write)

    @activity.defn
    async def record_address_change(self, order_id: OrderId, note: CommandNote, address: Address) -> None:
        def write(connection: Connection) -> None:
            if note_command(connection, order_id, note):
                # Dispatched it may be: the child had taken the address before.
                refuse_once_reached(connection, order_id, Stage.ORDER_SHIPPED)
                change_address(connection, order_id, address)

        await self._db.write(write)

    @activity.defn
    async def begin_failing(self, order_id: OrderId) -> None:
        """From here on the order reads `failing`: a stage was given up, and what was done is being undone."""
        await self._db.write(partial(begin_failing, order_id=order_id))

    @activity.defn
    async def end_order(self, task: StageTask, status: OrderStatus, reason: str | None) -> None:
        """End an order that owes no money back."""
        late = now() > task.due_at
        await self._db.write(
            partial(end_without_refund, order_id=task.order_id, status=status, late=late, reason=reason)
        )
