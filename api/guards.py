"""Who may ask and what may be sent: checked before any route sees the request."""

import json
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import problem

MAX_BODY_BYTES = 64 * 1024

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})


class Guard:
    """Turns away unknown hosts, pages of other sites, and bodies too large or not JSON.

    A page of another site can send requests to a local service, so origin and host are checked on every one.
    """

    def __init__(self, app: ASGIApp, *, api_host: str) -> None:
        self._app = app
        self._hosts = LOOPBACK_NAMES | {api_host}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = self._foreign(Headers(scope=scope))
        if refusal is None:
            try:
                receive = _replay(await _read_body(receive), receive)
            except _BadBody as bad:
                refusal = bad.status, bad.code, bad.detail
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            await problem(*refusal)(scope, receive, send)

    def _foreign(self, headers: Headers) -> tuple[HTTPStatus, str, str] | None:
        host = headers.get("host", "")
        if _name_of(host) not in self._hosts:
            return HTTPStatus.BAD_REQUEST, "UNKNOWN_HOST", "this service is not known by that host name"
        origin = headers.get("origin")
        if headers.get("sec-fetch-site") == "cross-site" or (
            origin is not None and urlsplit(origin).netloc != host
        ):
            return HTTPStatus.FORBIDDEN, "FOREIGN_ORIGIN", "requests of other sites are refused"
        return None


class _BadBody(Exception):
    def __init__(self, status: HTTPStatus, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail


def _name_of(host: str) -> str:
    """The host without its port; an IPv6 address keeps its brackets."""
    name, colon, port = host.rpartition(":")
    return name.lower() if colon and port.isdigit() else host.lower()


async def _read_body(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > MAX_BODY_BYTES:
            raise _BadBody(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "BODY_TOO_LARGE", "at most 64 KiB are read")
        if not message.get("more_body", False):
            break
    if body:
        _check_json(bytes(body))
    return bytes(body)


def _check_json(body: bytes) -> None:
    """Turn away what the framework's own parser would take or trip over: NaN, raw bytes, abysses."""
    try:
        json.loads(body.decode(), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise _BadBody(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "INVALID_REQUEST",
            f"the body is not JSON: {type(error).__name__}",
        ) from None


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _replay(body: bytes, receive: Receive) -> Receive:
    """Hand the body on as read; what comes after it (that the client went away) comes from the client."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return waiting.pop() if waiting else await receive()

    return replayed
