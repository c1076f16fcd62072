"""What Prometheus asks the API for: how many orders stand where, read from the books at that moment."""

from collections.abc import Iterator
from datetime import UTC, datetime

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from api.context import TheContext
from db.reads import OrderCounts, count_orders
from domain.status import OrderStatus
from supervisor.status import ComponentState, ServerStatus

router = APIRouter(tags=["health"])


@router.get(
    "/metrics",
    summary="metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics(context: TheContext) -> Response:
    """Tell the figures of the books and of the processes, as Prometheus text."""
    counts = await context.desk.db.read(count_orders)
    registry = CollectorRegistry()
    registry.register(ScrapedFigures(counts, await context.processes.status()))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


class ScrapedFigures(Collector):
    """One scrape."""

    def __init__(self, counts: OrderCounts, server: ServerStatus) -> None:
        self._counts = counts
        self._server = server

    def collect(self) -> Iterator[Metric]:
        """Yield each figure with its labels."""
        orders = GaugeMetricFamily("orders", "Orders by status.", labels=["status"])
        for status in OrderStatus:
            orders.add_metric([status], self._counts.by_status.get(status, 0))
        yield orders
        yield CounterMetricFamily(
            "orders_sla_breached", "Orders that took longer than their budget.", self._counts.sla_breached
        )
        yield GaugeMetricFamily(
            "oldest_open_order_age_seconds", "Age of the oldest order still open; 0 without one.", self._age()
        )
        up = GaugeMetricFamily("component_up", "Whether a process of the system works.", labels=["component"])
        for component in self._server.components:
            up.add_metric([component.name], float(component.state is ComponentState.READY))
        yield up

    def _age(self) -> float:
        oldest = self._counts.oldest_open
        return 0.0 if oldest is None else (datetime.now(UTC) - oldest).total_seconds()
