"""A line in the log for each request: commands aloud, questions quietly."""

import logging
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger(__name__)

# The page asks such questions all the time.
QUIET_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class RequestLog:
    """Method, path, status and time; neither bodies nor queries, which may be about a person."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.monotonic()

        async def send_and_note(message: Message) -> None:
            if message["type"] == "http.response.start":
                _note(scope, message["status"], time.monotonic() - began)
            await send(message)

        await self._app(scope, receive, send_and_note)


def _note(scope: Scope, status: int, seconds: float) -> None:
    about = {"method": scope["method"], "path": scope["path"], "status": status}
    level = logging.DEBUG if scope["method"] in QUIET_METHODS else logging.INFO
    log.log(level, "request.answered", extra={**about, "milliseconds": round(1000 * seconds)})
