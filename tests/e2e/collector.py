"""Takes in what the system sends to a collector of OpenTelemetry, and says what it holds."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One span as it was sent, `by` the process of that name."""

    by: str
    name: str
    trace: bytes
    id: bytes
    parent: bytes


class Collector:
    """Everything that was sent to `url`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.received: list[bytes] = []

    def spans(self) -> list[Span]:
        return [span for body in list(self.received) for span in _spans_in(body)]


def _spans_in(body: bytes) -> Iterator[Span]:
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        (by,) = (at.value.string_value for at in resource.resource.attributes if at.key == "service.name")
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield Span(
                    by=by,
                    name=span.name,
                    trace=span.trace_id,
                    id=span.span_id,
                    parent=span.parent_span_id,
                )


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector on a port of its own."""

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            collector.received.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing is said of a request."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        collector = Collector(f"http://127.0.0.1:{server.server_port}")
        listening = Thread(target=server.serve_forever, daemon=True)
        listening.start()
        yield collector
        server.shutdown()
        listening.join()
