"""No more orders than can be ended in time: beyond those, the next are told to ask again.

What was accepted is kept, so the door is where the load has to stop.
"""

import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from config.settings import ReviewMode, Settings
from db.database import Database
from db.reads import count_at_work, find_unstarted
from domain.stages import Stage

# A stage takes a worker a fraction of this while there is room.
BEGUN_WITHIN = timedelta(seconds=1)

# A few may wait for reasons of their own: a start that failed is the sweep's.
MAY_WAIT = 20

# One look is two queries of an index; so often, it costs nothing even when thousands knock.
LOOK_EVERY = timedelta(seconds=0.1)


class Admission:
    """Looks at the orders in `db` that are under way, when somebody asks and not too often."""

    def __init__(self, db: Database, settings: Settings) -> None:
        self._db = db
        self._room = settings.orders_in_flight
        # An order that waits for a person is no work.
        self._idle = Stage.ORDER_VALIDATED if settings.review_mode is ReviewMode.MANUAL else None
        self._is_open = True
        self._look_again_at = 0.0

    async def is_open(self) -> bool:
        """Whether one more order will be ended in time; what was seen last, while the database is away."""
        if time.monotonic() >= self._look_again_at:
            self._look_again_at = time.monotonic() + LOOK_EVERY.total_seconds()
            with suppress(SQLAlchemyError):
                self._is_open = await self._db.read(self._look)
        return self._is_open

    def _look(self, session: Session) -> bool:
        if count_at_work(session, but_at=self._idle) >= self._room:
            return False
        late = find_unstarted(session, datetime.now(UTC) - BEGUN_WITHIN, MAY_WAIT)
        return len(late) < MAY_WAIT
