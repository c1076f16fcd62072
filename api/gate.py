"""Who may come in: with keys in the settings, only who has one, and only so often."""

from http import HTTPStatus
from math import ceil

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.allowance import Allowance
from api.asking import EVERYBODY, Asker, recognise
from api.errors import problem
from config.api_keys import KeyHolder

# What says nothing of any order: how we are, and the pages, which then ask for a key.
OPEN_PATHS = frozenset({"/", "/docs", "/openapi.json", "/healthz", "/readyz"})
OPEN_FOLDERS = ("/static/", "/pages/")

# Whoever watches over us asks more often than anybody, and always gets an answer.
NOT_COUNTED = frozenset({"/healthz", "/readyz"})


class Gate:
    """Every request leaves with its asker in its state, or with a 401 or 429 before its body is read."""

    def __init__(self, app: ASGIApp, *, holders: tuple[KeyHolder, ...], per_minute: int) -> None:
        self._app = app
        self._holders = holders
        self._allowance = Allowance(per_minute)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            asker = recognise(Headers(scope=scope), self._holders) if self._holders else EVERYBODY
            if refusal := self._refusal(scope, asker):
                await refusal(scope, receive, send)
                return
            scope.setdefault("state", {})["asker"] = asker
        await self._app(scope, receive, send)

    def _refusal(self, scope: Scope, asker: Asker | None) -> Response | None:
        if not self._holders:
            return None
        if scope["path"] not in NOT_COUNTED:
            who = f"owner {asker.owner}" if asker else f"stranger at {_address_of(scope)}"
            if wait := self._allowance.seconds_to_wait(who):
                return _too_often(wait)
        return None if asker or is_open(scope["path"]) else _no_key()


def is_open(path: str) -> bool:
    """Whether no key is needed there."""
    return path in OPEN_PATHS or path.startswith(OPEN_FOLDERS)


def _address_of(scope: Scope) -> str:
    return str(scope["client"][0]) if scope.get("client") else "nowhere"


def _no_key() -> Response:
    told = "this needs a key: in X-API-Key, or as a bearer token"
    answer = problem(HTTPStatus.UNAUTHORIZED, "UNAUTHORIZED", told)
    answer.headers["WWW-Authenticate"] = 'Bearer realm="orders"'
    return answer


def _too_often(wait_seconds: float) -> Response:
    answer = problem(HTTPStatus.TOO_MANY_REQUESTS, "RATE_LIMITED", "asked too often; ask again")
    answer.headers["Retry-After"] = str(ceil(wait_seconds))
    return answer
