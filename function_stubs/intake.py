"""Receiving, validating and reviewing an order."""

from sqlalchemy import Connection

from db.books import Effort, reach_stage
from domain.orders import Item, OrderId
from domain.refusals import OrderInvalid
from domain.stages import Stage
from function_stubs.flaky import Dice, flaky_call
from function_stubs.race_result import RaceResult


async def receive(dice: Dice) -> None:
    """Take the order in."""
    await flaky_call(dice, "receive")


def record_received(connection: Connection, result: RaceResult[None]) -> None:
    reach_stage(connection, result.order_id, Stage.ORDER_RECEIVED, result.effort, late=result.late)


async def validate(dice: Dice, items: tuple[Item, ...]) -> None:
    """Check that the order can be fulfilled; raises OrderInvalid."""
    await flaky_call(dice, "validate")
    if not items:
        raise OrderInvalid("an order needs at least one item")


def record_validated(connection: Connection, result: RaceResult[None]) -> None:
    reach_stage(connection, result.order_id, Stage.ORDER_VALIDATED, result.effort, late=result.late)


def record_reviewed(connection: Connection, order_id: OrderId, reviewer: str, *, late: bool) -> None:
    """Stage 3 has no call: a person, or the simulated reviewer, has already decided."""
    reach_stage(connection, order_id, Stage.ORDER_REVIEWED, Effort(), actor=reviewer, late=late)
