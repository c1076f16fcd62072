"""A round of background work that fails is told, and the next takes place."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

log = logging.getLogger(__name__)

# What went wrong once may go wrong each time, and each time it is told.
BREATHER = timedelta(seconds=5)


@asynccontextmanager
async def outliving_mistakes(chore: str) -> AsyncIterator[None]:
    """Log what nobody foresaw in one round of the `chore`, and pause.

    A chore that ended for good would be missed by nobody until it is needed.
    """
    try:
        yield
    except Exception:
        log.exception("chore.crashed", extra={"chore": chore})
        await asyncio.sleep(BREATHER.total_seconds())
