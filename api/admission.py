"""No more orders than can be begun in time: while those placed before wait, the next are told to ask again.

What was accepted is kept, so the door is where the load has to stop.
"""

import time
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy.exc import SQLAlchemyError

from db.database import Database
from db.reads import find_unstarted

# A stage takes a worker a fraction of this while there is room.
BEGUN_WITHIN = timedelta(seconds=1)

# A few may wait for reasons of their own: a start that failed is the sweep's.
MAY_WAIT = 20

# One look is a query of an index; so often, it costs nothing even when thousands knock.
LOOK_EVERY = timedelta(seconds=0.1)


class Admission:
    """Looks at how many orders in `db` wait to be begun, when somebody asks and not too often."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._is_open = True
        self._look_again_at = 0.0

    async def is_open(self) -> bool:
        """Whether one more order will be begun in time; what was seen last, while the database is away."""
        if time.monotonic() >= self._look_again_at:
            self._look_again_at = time.monotonic() + LOOK_EVERY.total_seconds()
            try:
                self._is_open = await self._look()
            except SQLAlchemyError:
                return self._is_open
        return self._is_open

    async def _look(self) -> bool:
        late = partial(find_unstarted, placed_before=datetime.now(UTC) - BEGUN_WITHIN, limit=MAY_WAIT)
        return len(await self._db.read(late)) < MAY_WAIT
