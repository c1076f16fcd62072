"""The app is served, and stops as soon as what was asked of it is done."""

import asyncio
import logging
import os
import struct
import sys
from contextlib import suppress
from datetime import timedelta
from socket import SO_LINGER, SOL_SOCKET, socket
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

log = logging.getLogger(__name__)

EXIT_NOT_STARTED = 5

# As long as a body may take; what is before it is much smaller.
HEAD_READ_WITHIN = timedelta(seconds=10)

# Whoever takes longer to read anything at all has stopped reading. The system tells only once a good part of
# what it holds for them has been read.
STOPPED_READING_AFTER = timedelta(seconds=30)

# For `linger`: to end a connection without offering what is left of it to the other end, for minutes.
AT_ONCE = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)


class PunctualProtocol(H11Protocol):
    """Hangs up on whoever connects, or begins to ask, and does not get as far as a request's body; and on
    whoever does not read the answer.

    Uvicorn waits for ever there: each who does that would keep a file descriptor, and what is sent from.
    """

    _hanging_up: asyncio.TimerHandle | None = None
    _giving_up: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        # Whatever the system does not take at once waits for the reader, and is to be heard of.
        transport.set_write_buffer_limits(high=0)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete:
            self._await_head()
        else:
            self._have_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._have_head()
        self._have_reader()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._await_reader()

    def resume_writing(self) -> None:
        self._have_reader()
        super().resume_writing()

    def _await_head(self) -> None:
        """However often a little more of it arrives, the time runs from its beginning."""
        if self._hanging_up is None:
            self._hanging_up = self.loop.call_later(HEAD_READ_WITHIN.total_seconds(), self.transport.close)

    def _have_head(self) -> None:
        if self._hanging_up is not None:
            self._hanging_up.cancel()
            self._hanging_up = None

    def _await_reader(self) -> None:
        unread = self.transport.get_write_buffer_size()
        self._giving_up = self.loop.call_later(STOPPED_READING_AFTER.total_seconds(), self._give_up, unread)

    def _have_reader(self) -> None:
        if self._giving_up is not None:
            self._giving_up.cancel()
            self._giving_up = None

    def _give_up(self, unread: int) -> None:
        if self.transport.get_write_buffer_size() < unread:
            self._await_reader()
            return
        log.info("reader.abandoned")
        connection: socket = self.transport.get_extra_info("socket")
        connection.setsockopt(SOL_SOCKET, SO_LINGER, AT_ONCE)
        self.transport.abort()


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
