"""Reads the stream of events as a browser does."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from tests.integration.api.caller import Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """`content` is what the message says; a comment has none, only its text."""

    name: str = "message"
    id: int | None = None
    content: Any = None
    comment: str | None = None


@contextmanager
def listening_to(api: Caller, *, after: int | None = None, last_event_id: int | None = None) -> Iterator[Any]:
    """Yield the messages as they come, the first one always the greeting."""
    query = {} if after is None else {"after": after}
    headers = {} if last_event_id is None else {"Last-Event-ID": str(last_event_id)}
    with api.http.stream("GET", "/events/stream", params=query, headers=headers) as answer:
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield _messages(answer)


def _messages(answer: httpx.Response) -> Iterator[Message]:
    fields: dict[str, str] = {}
    for line in answer.iter_lines():
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif fields:
            yield _message(fields)
            fields = {}


def _message(fields: dict[str, str]) -> Message:
    return Message(
        name=fields.get("event", "message"),
        id=int(fields["id"]) if "id" in fields else None,
        content=json.loads(fields["data"]) if "data" in fields else None,
        comment=fields.get(""),
    )
