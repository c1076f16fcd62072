"""A worker's own metrics, where a port for them is set."""

from prometheus_client import start_http_server
from temporalio.runtime import PrometheusConfig

from config.queues import TaskQueue

LOOPBACK = "127.0.0.1"

# The order in which the queues' workers take their ports.
PLACES = {TaskQueue.ORDER: 0, TaskQueue.SHIPPING: 1, TaskQueue.RETURNS: 2}

# The SDK serves its metrics itself, on a port of its own.
SDK_PORTS_HIGHER = 10


def serve_metrics(queue: TaskQueue, first_port: int | None) -> PrometheusConfig | None:
    """Serve what this process counts; return where the SDK is to serve its own, None where none is wanted."""
    if first_port is None:
        return None
    port = first_port + PLACES[queue]
    start_http_server(port, addr=LOOPBACK)
    return PrometheusConfig(bind_address=f"{LOOPBACK}:{port + SDK_PORTS_HIGHER}")
