"""The app is served, and stops as soon as what was asked of it is done."""

import asyncio
import sys
from contextlib import suppress
from datetime import timedelta
from socket import socket
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

EXIT_NOT_STARTED = 3

# As long as a body may take; what is before it is much smaller.
HEAD_READ_WITHIN = timedelta(seconds=10)


class PunctualProtocol(H11Protocol):
    """Hangs up on whoever connects, or begins to ask, and does not get as far as a request's body.

    Uvicorn waits for ever there: each who does that would keep a file descriptor.
    """

    _hanging_up: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete:
            self._await_head()
        else:
            self._have_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._have_head()
        super().connection_lost(exc)

    def _await_head(self) -> None:
        """However often a little more of it arrives, the time runs from its beginning."""
        if self._hanging_up is None:
            self._hanging_up = self.loop.call_later(HEAD_READ_WITHIN.total_seconds(), self.transport.close)

    def _have_head(self) -> None:
        if self._hanging_up is not None:
            self._hanging_up.cancel()
            self._hanging_up = None


class ApiServer(uvicorn.Server):
    """Ends the streams before it waits for requests to end: a stream would never end by itself."""

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        app: Any = self.config.app
        app.state.context.feed.end()
        await super().shutdown(sockets)


def serve(app: FastAPI, **options: Any) -> None:
    """Serve until Ctrl-C or SIGTERM; `options` are uvicorn's."""
    server = ApiServer(uvicorn.Config(app, http=PunctualProtocol, **options))
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(EXIT_NOT_STARTED)
