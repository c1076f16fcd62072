"""The orders' events over HTTP as they happen, as server-sent events."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Header, Query
from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event
from pydantic import BeforeValidator, Field
from starlette.types import Receive, Scope, Send

from api.asking import Asker, TheAsker
from api.context import LARGEST_ID, TheDesk, TheFeed, digits
from api.feed import BATCH, Feed, Told

router = APIRouter(tags=["orders"])

MEDIA_TYPE = "text/event-stream"

# Something is sent at least this often: what sits between closes connections on which nothing moves, and a
# reader who is gone is only noticed when something is sent.
KEEP_ALIVE_EVERY = timedelta(seconds=10)
KEEP_ALIVE = format_sse_event(comment="still here")

# How long a browser waits before it comes back.
COME_BACK_AFTER = timedelta(seconds=1)

AFTER = "only events above this id; without it, those from now on"
EventId = Annotated[int, Field(ge=0, le=LARGEST_ID), BeforeValidator(digits)]


class EventStream(StreamingResponse):
    """`hello` comes first and tells whose books these are, and after which event the stream begins."""

    media_type = MEDIA_TYPE

    def __init__(self, feed: Feed, asker: Asker, tag: str, since: int | None, last: int) -> None:
        super().__init__(_messages(feed, asker, tag, since, last), headers={"Cache-Control": "no-store"})
        self._feed = feed
        self._owner = asker.only_owner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises TooManyReaders before anything is sent."""
        with self._feed.reader(self._owner):
            await super().__call__(scope, receive, send)


@router.get(
    "/events/stream",
    summary="stream_events",
    response_class=StreamingResponse,
    responses={200: {"content": {MEDIA_TYPE: {"schema": {"type": "string"}}}}},
)
async def stream_events(
    desk: TheDesk,
    feed: TheFeed,
    asker: TheAsker,
    last_event_id: Annotated[EventId | None, Header(alias="Last-Event-ID", description=AFTER)] = None,
    after: Annotated[EventId | None, Query(description=f"{AFTER}; Last-Event-ID goes before it")] = None,
    last: Annotated[
        int, Query(ge=0, le=BATCH, description="where it begins now: so many events earlier")
    ] = 0,
) -> EventStream:
    """Tell every event of every order as it happens; each has its id, and an event source resumes by it."""
    return EventStream(feed, asker, desk.tag, after if last_event_id is None else last_event_id, last)


async def _messages(feed: Feed, asker: Asker, tag: str, since: int | None, last: int) -> AsyncIterator[bytes]:
    while (head := await feed.head(within=KEEP_ALIVE_EVERY)) is None:
        if feed.has_ended:
            return
        yield KEEP_ALIVE
    # An id that no event has yet is one of other books.
    resumes = since is not None and since <= head
    place = since if since is not None and resumes else max(0, head - last)
    yield _hello(tag, place, resumes=resumes)
    async for events in _batches(feed, place):
        # Nothing at all is sent for the orders of others: not even when something happens to them.
        owned = b"".join(event.message for event in events if asker.only_owner in (None, event.owner))
        if owned or not events:
            yield owned or KEEP_ALIVE


async def _batches(feed: Feed, place: int) -> AsyncIterator[Sequence[Told]]:
    """Yield the events after `place` as they come, and no events whenever a sign of life is due."""
    clock = asyncio.get_running_loop()
    due = clock.time() + KEEP_ALIVE_EVERY.total_seconds()
    while not feed.has_ended:
        events = await feed.after(place, within=timedelta(seconds=max(0.0, due - clock.time())))
        place = events[-1].id if events else place
        if events:
            yield events
        if clock.time() >= due:
            yield []
            due = clock.time() + KEEP_ALIVE_EVERY.total_seconds()


def _hello(tag: str, place: int, *, resumes: bool) -> bytes:
    return format_sse_event(
        event="hello",
        data_str=json.dumps({"tag": tag, "after": place, "resumes": resumes}),
        id=str(place),
        retry=round(COME_BACK_AFTER.total_seconds() * 1000),
    )
