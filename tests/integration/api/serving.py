"""An app on a port of its own, served by uvicorn as `main.py` does."""

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from threading import Thread

import uvicorn
from fastapi import FastAPI

from api.serving import ApiServer, PunctualProtocol
from tests.integration.api.waiting import eventually


@contextmanager
def listening() -> Iterator[socket.socket]:
    """A socket that is bound to a free port of the loopback interface, so that nobody else can take it."""
    with closing(socket.socket()) as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound


@contextmanager
def serving(app: FastAPI, bound: socket.socket) -> Iterator[None]:
    """The app answers at `bound` from beginning to end of the block."""
    config = uvicorn.Config(
        app, http=PunctualProtocol, log_config=None, access_log=False, timeout_graceful_shutdown=5
    )
    server = ApiServer(config)
    thread = Thread(target=server.run, kwargs={"sockets": [bound]}, name="api")
    thread.start()
    try:
        eventually(lambda: server.started or not thread.is_alive(), wanted="an API that has started")
        assert server.started
        yield
    finally:
        server.should_exit = True
        thread.join()
