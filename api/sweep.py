"""Orders whose row was committed but whose workflow was not started are started, sooner or later."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy.exc import SQLAlchemyError
from temporalio.service import RPCError

from api.desk import Desk
from db.reads import find_unstarted
from engine.background import outliving_mistakes
from engine.link import TemporalAway

log = logging.getLogger(__name__)

SWEEP_EVERY = timedelta(seconds=2)

# A start that is merely slow is given this long; starting an order twice changes nothing, but costs a call.
LONG_ENOUGH = timedelta(seconds=5)

# What one sweep starts; the rest is the next one's.
BATCH = 100


async def sweep_for_ever(desk: Desk) -> None:
    """Sweep until cancelled; an outage only postpones it."""
    while True:
        async with outliving_mistakes("sweep"):
            try:
                await sweep(desk)
            except (TemporalAway, SQLAlchemyError) as error:
                log.info("sweep.postponed", extra={"why": type(error).__name__})
        await asyncio.sleep(SWEEP_EVERY.total_seconds())


async def sweep(desk: Desk) -> None:
    """Start what was left behind, once."""
    before = datetime.now(UTC) - LONG_ENOUGH
    for order in await desk.db.read(partial(find_unstarted, placed_before=before, limit=BATCH)):
        try:
            await desk.start(desk.link.client(), order)
        except RPCError as error:
            # What keeps this one from being started need not keep those behind it.
            log.warning("sweep.failed", extra={"order_id": order.order_id, "why": error.status.name})
