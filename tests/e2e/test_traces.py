"""One request is one trace, through every process that works on it, and tells nobody where it goes."""

from pathlib import Path

import pytest

from benchmarks.running_system import ADDRESS, eventually, started
from tests.e2e.collector import Collector, Span, collecting

SECRET_STREET = "17 Unspoken Lane"

# From a statement of the carrier's worker back to the request that it is made for.
THE_WHOLE_WAY = (
    "RunActivity:dispatch_carrier",
    "StartActivity:dispatch_carrier",
    "StartChildWorkflow:ShippingWorkflow",
    "StartWorkflow:OrderWorkflow",
    "POST /orders",
)


def forebears_of(span: Span, spans: list[Span]) -> list[Span]:
    """From its parent to the span that everything began with."""
    by_id = {one.id: one for one in spans}
    found = []
    while span := by_id.get(span.parent):  # type: ignore[assignment]
        found.append(span)
    return found


def placing_in(collector: Collector) -> list[Span]:
    """Every span of the trace that an order's placing began."""
    spans = collector.spans()
    placing = next((span for span in spans if span.name == "POST /orders"), None)
    return [span for span in spans if placing and span.trace == placing.trace]


@pytest.mark.timeout(300)
def test_a_trace_reaches_from_the_request_to_a_statement_of_an_activity(tmp_path: Path) -> None:
    with (
        collecting() as collector,
        started(
            tmp_path / "var",
            REVIEW_SECONDS="0.1",
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
            OTEL_BSP_SCHEDULE_DELAY="100",
        ) as system,
    ):
        order = system.ended(system.place(address={**ADDRESS, "line1": SECRET_STREET}))
        returned = system.http.post(f"/orders/{order['id']}/return")
        eventually(
            lambda: "returns-worker" in {span.by for span in collector.spans()}, "a span of the return"
        )

        assert system.interrupt() == 0

    assert order["status"] == "completed"
    assert returned.status_code == 200
    spans = placing_in(collector)
    assert {"order-api", "order-worker", "shipping-worker"} == {span.by for span in spans}
    statements = [span for span in spans if span.by == "shipping-worker" and span.name == "INSERT"]
    lines = [tuple(one.name for one in forebears_of(span, spans)) for span in statements]
    assert THE_WHOLE_WAY in [tuple(name for name in line if name in THE_WHOLE_WAY) for line in lines]
    assert not [body for body in collector.received if SECRET_STREET.encode() in body]
