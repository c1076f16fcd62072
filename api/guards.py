"""Who may ask and what may be sent: checked before any route sees the request."""

import asyncio
import json
from collections.abc import Iterable
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import problem

MAX_BODY_BYTES = 64 * 1024

# The deepest body we know of has 3 levels; far more would trip the parsers further in.
MAX_DEPTH = 32

# A body of 64 KiB takes a second on a very slow line.
BODY_READ_WITHIN = timedelta(seconds=10)

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})


class Guard:
    """Turns away unknown hosts, pages of other sites, and bodies that are too large, too slow or not JSON.

    A page of another site can send requests to a local service, so origin and host are checked on every one.
    """

    def __init__(self, app: ASGIApp, *, names: Iterable[str]) -> None:
        self._app = app
        self._hosts = LOOPBACK_NAMES | {_as_in_a_header(name) for name in names}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            self._check_sender(Headers(scope=scope))
            body = await _read_body(receive)
        except _TurnedAway as reason:
            await problem(reason.status, reason.code, reason.detail)(scope, receive, send)
        except _BrokenOff:
            return
        else:
            await self._app(scope, _replay(body, receive), send)

    def _check_sender(self, headers: Headers) -> None:
        host = headers.get("host", "").lower()
        if _name_of(host) not in self._hosts:
            raise _TurnedAway(
                HTTPStatus.BAD_REQUEST, "UNKNOWN_HOST", "this service is not known by that host name"
            )
        origin = headers.get("origin")
        is_foreign = origin is not None and _host_of(origin) != host
        if is_foreign or headers.get("sec-fetch-site") == "cross-site":
            raise _TurnedAway(HTTPStatus.FORBIDDEN, "FOREIGN_ORIGIN", "requests of other sites are refused")


class _TurnedAway(Exception):
    def __init__(self, status: HTTPStatus, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail


class _BrokenOff(Exception):
    """The client went away in the middle of its body: what came of it is no request."""


def _as_in_a_header(name: str) -> str:
    return f"[{name}]" if ":" in name else name.lower()


def _name_of(host: str) -> str:
    """The host without its port; an IPv6 address keeps its brackets."""
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() else host


def _host_of(origin: str) -> str | None:
    try:
        return urlsplit(origin.lower()).netloc
    except ValueError:
        return None


async def _read_body(receive: Receive) -> bytes:
    try:
        async with asyncio.timeout(BODY_READ_WITHIN.total_seconds()):
            body = await _all_of(receive)
    except TimeoutError:
        raise _TurnedAway(
            HTTPStatus.REQUEST_TIMEOUT, "BODY_TOO_SLOW", "the body did not arrive in time"
        ) from None
    if body:
        _check_json(body)
    return body


async def _all_of(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _BrokenOff
        body += message.get("body", b"")
        if len(body) > MAX_BODY_BYTES:
            raise _TurnedAway(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "BODY_TOO_LARGE", "at most 64 KiB are read"
            )
        if not message.get("more_body", False):
            return bytes(body)


def _check_json(body: bytes) -> None:
    """Turn away what the framework's own parser would take or trip over: NaN, raw bytes, abysses."""
    try:
        found = json.loads(body.decode(), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise _not_json(f"the body is not JSON: {type(error).__name__}") from None
    if _is_deeper(found, MAX_DEPTH):
        raise _not_json(f"the body is nested deeper than {MAX_DEPTH} levels")


def _is_deeper(found: Any, levels: int) -> bool:
    """Level by level, so that no depth can exhaust the stack."""
    layer = [found]
    for _ in range(levels + 1):
        layer = [inner for outer in layer for inner in _inside(outer)]
    return bool(layer)


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _not_json(detail: str) -> _TurnedAway:
    return _TurnedAway(HTTPStatus.UNPROCESSABLE_ENTITY, "INVALID_REQUEST", detail)


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _replay(body: bytes, receive: Receive) -> Receive:
    """Hand the body on as read; what comes after it (that the client went away) comes from the client."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return waiting.pop() if waiting else await receive()

    return replayed
