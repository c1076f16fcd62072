"""A download site of our own on 127.0.0.1, which can be told to misbehave."""

import hashlib
import io
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

from bootstrap.temporal_cli import Release


def archive_of(program: bytes, *, member: str = "temporal.exe") -> bytes:
    """A zip like the official one: the program and a licence."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as box:
        box.writestr("LICENSE", "made up")
        box.writestr(member, program)
    return packed.getvalue()


@dataclass
class Site:
    """What the server answers with, and how often it was asked.

    `announced_bytes`: the Content-Length, when it is not to be the truth. `gate`: answers wait for it.
    """

    url: str
    body: bytes
    status: int = 200
    announced_bytes: int | None = None
    asked: int = 0
    gate: threading.Event = field(default_factory=threading.Event)

    def release(self, *, sha256: str | None) -> Release:
        return Release(version="9.9.9", url=self.url, sha256=sha256, room_bytes=1)

    def true_release(self) -> Release:
        return self.release(sha256=hashlib.sha256(self.body).hexdigest())


@contextmanager
def served(body: bytes) -> Iterator[Site]:
    """A site that answers every GET with `body`, its gate open."""

    class Answer(BaseHTTPRequestHandler):
        site: ClassVar[Site]

        def do_GET(self) -> None:
            self.site.asked += 1
            self.site.gate.wait(timeout=10)
            self.send_response(self.site.status)
            length = self.site.announced_bytes
            self.send_header("Content-Length", str(len(self.site.body) if length is None else length))
            self.end_headers()
            self.wfile.write(self.site.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's own name
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        Answer.site = Site(url=f"http://127.0.0.1:{server.server_port}/archive", body=body)
        Answer.site.gate.set()
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield Answer.site
        finally:
            Answer.site.gate.set()
            server.shutdown()
            thread.join()
