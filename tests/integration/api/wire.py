"""A wire to a server that a test can cut: nothing passes then, and nobody is told."""

import selectors
import socket
from threading import Event, Thread
from typing import Self


class Wire:
    """Hands on what either side sends, to and from the server at `far_end` (host:port)."""

    def __init__(self, far_end: str) -> None:
        host, _, port = far_end.rpartition(":")
        self._far_end = host, int(port)
        self._whole, self._closed = Event(), Event()
        self._whole.set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = []
        self._threads: list[Thread] = []
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._run(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        self._whole.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for end in (self._listener, *self._sockets):
            end.close()

    def cut(self) -> None:
        self._whole.clear()

    def mend(self) -> None:
        self._whole.set()

    def _accept(self) -> None:
        while not self._closed.is_set():
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(self._far_end)
            self._sockets += [near, far]
            self._run(self._hand_on, near, far)

    def _hand_on(self, near: socket.socket, far: socket.socket) -> None:
        other = {near: far, far: near}
        with selectors.DefaultSelector() as selector:
            for end in other:
                selector.register(end, selectors.EVENT_READ)
            while not self._closed.is_set():
                for key, _ in selector.select(timeout=0.1):
                    self._whole.wait()
                    end = next(end for end in other if end is key.fileobj)
                    if self._closed.is_set() or not self._pass(end, other[end]):
                        return

    def _pass(self, one: socket.socket, other: socket.socket) -> bool:
        try:
            sent = one.recv(65536)
            other.sendall(sent)
        except OSError:
            sent = b""
        if not sent:
            other.shutdown(socket.SHUT_RDWR)
        return bool(sent)

    def _run(self, target: object, *args: object) -> None:
        thread = Thread(target=target, args=args, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()
