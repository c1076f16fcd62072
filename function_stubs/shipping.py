"""Packing, dispatching, shipping and delivering, and the way back."""

from functools import partial

from sqlalchemy import Connection

from db.books import end_order, note_compensation, reach_stage
from db.database import Database
from domain.orders import Address, OrderId
from domain.refusals import DispatchRecalled
from domain.stages import Stage
from domain.status import OrderStatus
from function_stubs import carrier
from function_stubs.flaky import Dice, flaky_call
from function_stubs.race_result import RaceResult


async def prepare(dice: Dice) -> None:
    """Pack the package."""
    await flaky_call(dice, "prepare")


def record_prepared(connection: Connection, result: RaceResult[None]) -> None:
    reach_stage(connection, result.order_id, Stage.PACKAGE_PREPARED, result.effort, late=result.late)


async def dispatch(dice: Dice, db: Database, order_id: OrderId, address: Address) -> None:
    """Have the carrier take the package to `address`, once by key; raises DispatchRecalled."""
    await flaky_call(dice, "dispatch")
    if await db.write(partial(carrier.dispatch, order_id=order_id, address=address)) is None:
        raise DispatchRecalled


def record_dispatched(connection: Connection, result: RaceResult[None]) -> None:
    reach_stage(connection, result.order_id, Stage.CARRIER_DISPATCHED, result.effort, late=result.late)


async def ship(dice: Dice) -> None:
    """Hand the package over to its journey: from here on there is no way back but a return."""
    await flaky_call(dice, "ship")


def record_shipped(connection: Connection, result: RaceResult[None]) -> None:
    reach_stage(
        connection,
        result.order_id,
        Stage.ORDER_SHIPPED,
        result.effort,
        late=result.late,
        shipped_at=result.at,
    )


async def deliver(dice: Dice) -> None:
    """Hand the package to the customer."""
    await flaky_call(dice, "deliver")


def record_delivered(connection: Connection, result: RaceResult[None]) -> None:
    """The last stage completes the order, in one transaction."""
    if reach_stage(connection, result.order_id, Stage.ORDER_DELIVERED, result.effort, late=result.late):
        end_order(
            connection,
            result.order_id,
            OrderStatus.COMPLETED,
            when=[OrderStatus.IN_PROGRESS],
            late=result.late,
        )


async def recall(dice: Dice, db: Database, order_id: OrderId) -> None:
    """Have the carrier bring the package back, or never take it."""
    await flaky_call(dice, "recall")
    await db.write(partial(carrier.recall, order_id=order_id))


def record_recalled(connection: Connection, result: RaceResult[None]) -> None:
    note_compensation(connection, result.order_id, Stage.CARRIER_DISPATCHED, result.effort)


async def unpack(dice: Dice) -> None:
    """Take the package apart and put its items back."""
    await flaky_call(dice, "unpack")


def record_unpacked(connection: Connection, result: RaceResult[None]) -> None:
    note_compensation(connection, result.order_id, Stage.PACKAGE_PREPARED, result.effort)
