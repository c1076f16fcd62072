"""The app is served, and stops as soon as what was asked of it is done."""

import sys
from contextlib import suppress
from socket import socket
from typing import Any

import uvicorn
from fastapi import FastAPI

EXIT_NOT_STARTED = 3


class ApiServer(uvicorn.Server):
    """Ends the streams before it waits for requests to end: a stream would never end by itself."""

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        app: Any = self.config.app
        app.state.context.feed.end()
        await super().shutdown(sockets)


def serve(app: FastAPI, **options: Any) -> None:
    """Serve until Ctrl-C or SIGTERM; `options` are uvicorn's."""
    server = ApiServer(uvicorn.Config(app, **options))
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(EXIT_NOT_STARTED)
