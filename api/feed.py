"""What happens to the orders, as it happens: the books are looked at once for however many read along."""

import asyncio
import logging
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus

from fastapi.sse import format_sse_event
from sqlalchemy.exc import SQLAlchemyError

from api.answers import EventRow
from api.errors import ApiError
from db.books import now
from db.database import Database
from db.models import Event
from db.reads import OwnedEvent, find_events, last_event_id
from engine.background import outliving_mistakes

log = logging.getLogger(__name__)

# Seen by a person as at once; the look itself takes well under a millisecond.
LOOK_EVERY = timedelta(milliseconds=200)

# Events read at a time.
BATCH = 500

# The newest events are kept, so that whoever is only a little behind costs the database nothing.
KEPT = 2000

MAX_READERS = 50

# So that no owner keeps the others out.
MAX_READERS_OF_AN_OWNER = 10

# Ids are given out before they are committed, so a lower one may appear after a higher one; a writer of ours
# takes milliseconds. One that was rolled back leaves a gap for ever.
LATE_COMMITS_WITHIN = timedelta(seconds=2)


class TooManyReaders(ApiError):
    """As many as may be are reading along, or as many of one owner's."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "TOO_MANY_READERS"

    def __init__(self) -> None:
        super().__init__("too many read the events, or too many of yours; ask again when one has left")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An event of that owner's order as it goes out, written once for all readers."""

    id: int
    at: datetime
    owner: str
    message: bytes


class Feed:
    """Every event of the books once and in the order of its id, to any number of readers up to a bound.

    It looks only while somebody reads. Nothing is kept for a reader but their place: whoever is slow, or
    comes back after a while, is given from the books what the others have had already.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._recent: list[Told] = []
        self._head: int | None = None
        self._readers: Counter[str | None] = Counter()
        self._news = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None
        self._has_ended = False

    @property
    def has_ended(self) -> bool:
        return self._has_ended

    def end(self) -> None:
        """Let every reader go, so that none holds up a stop."""
        self._has_ended = True
        self._tell()

    async def close(self) -> None:
        """The books are looked at no more."""
        self.end()
        await self._stop_looking()

    @contextmanager
    def reader(self, owner: str | None) -> Iterator[None]:
        """Count one more reader, of that owner's orders or of all, for the block; raises TooManyReaders."""
        one_has_enough = owner is not None and self._readers[owner] >= MAX_READERS_OF_AN_OWNER
        if one_has_enough or self._readers.total() >= MAX_READERS:
            raise TooManyReaders
        self._readers[owner] += 1
        if self._looking is None:
            self._recent, self._head = [], None
            self._looking = asyncio.create_task(self._look_for_ever())
        try:
            yield
        finally:
            self._readers[owner] -= 1
            if self._readers.total() == 0 and self._looking is not None:
                self._looking.cancel()
                self._looking = None

    async def head(self, *, within: timedelta) -> int | None:
        """Return the newest event's id, 0 before the first; None if the books do not tell in time."""
        if self._head is None:
            await self._hear(within)
        return self._head

    async def after(self, event_id: int, *, within: timedelta) -> Sequence[Told]:
        """Return the next events after that id, waiting for one if there is none; none if none comes."""
        if self._head is None or event_id >= self._head:
            await self._hear(within)
        if self._head is None or event_id >= self._head or self._has_ended:
            return []
        if self._recent and self._recent[0].id <= event_id + 1:
            at = bisect_right(self._recent, event_id, key=lambda told: told.id)
            return self._recent[at : at + BATCH]
        missed = partial(find_events, after=event_id, until=self._head, limit=BATCH)
        return _as_told(await self._db.read(missed))

    async def _hear(self, within: timedelta) -> None:
        if not self._has_ended:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), within.total_seconds())

    def _tell(self) -> None:
        """Whoever waits goes on; whoever comes from now on waits for the next news."""
        self._news.set()
        self._news = asyncio.Event()

    async def _look_for_ever(self) -> None:
        while True:
            found = 0
            async with outliving_mistakes("feed"):
                try:
                    found = await self._look()
                except SQLAlchemyError as error:
                    log.warning("feed.database_away", extra={"reason": type(error).__name__})
            if found < BATCH:
                await asyncio.sleep(LOOK_EVERY.total_seconds())

    async def _look(self) -> int:
        """Take in what is new; return how much there was to read."""
        begins = self._head is None
        if self._head is None:
            newest = await self._db.read(last_event_id)
            start = max(0, newest - BATCH)
        else:
            start = self._head
        found = await self._db.read(partial(find_events, after=start, until=None, limit=BATCH))
        fresh = without_late_commits(_as_told(found), after=start, at=now())
        if fresh or begins:
            self._recent = [*self._recent, *fresh][-KEPT:]
            self._head = fresh[-1].id if fresh else start
            self._tell()
        return len(fresh)

    async def _stop_looking(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
            self._looking = None


def _as_told(events: Sequence[OwnedEvent]) -> list[Told]:
    return [
        Told(id=one.event.id, at=one.event.at, owner=one.owner, message=_message(one.event)) for one in events
    ]


def _message(event: Event) -> bytes:
    row = EventRow.model_validate(event)
    return format_sse_event(data_str=row.model_dump_json(), id=str(event.id))


def without_late_commits(events: Sequence[Told], *, after: int, at: datetime) -> list[Told]:
    """Return the events up to the first gap that a commit still under way may fill."""
    told: list[Told] = []
    expected = after + 1
    for event in events:
        if event.id != expected and event.at > at - LATE_COMMITS_WITHIN:
            break
        told.append(event)
        expected = event.id + 1
    return told
