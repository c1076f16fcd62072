"""More is asked for than can be done, while nobody is at work."""

import socket
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager

import httpx
import psutil

from api.admission import MAY_WAIT
from api.turnstile import MAX_IN_FLIGHT
from benchmarks.running_system import ADDRESS, RunningSystem, eventually

# Its head breaks off, or its body does.
HALF_A_HEAD = "GET /orders HTTP/1.1\r\nHost: 127.0.0.1\r\nX-"
HALF_A_BODY = (
    "POST /orders HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: {key}\r\n"
    "Connection: close\r\nContent-Length: 20\r\n\r\n{{"
)

# Twice what any of it may take.
NOT_FOR_EVER_SECONDS = 20.0


def half_requests(stack: ExitStack, system: RunningSystem, key: str) -> list[socket.socket]:
    """Somebody who sends half a head and no more, and somebody who sends half a body."""
    address = ("127.0.0.1", int(system.environment["API_PORT"]))
    clients = []
    for half in (HALF_A_HEAD, HALF_A_BODY):
        client = socket.create_connection(address, timeout=NOT_FOR_EVER_SECONDS)
        clients.append(stack.enter_context(closing(client)))
        client.sendall(half.format(key=key).encode())
    return clients


def all_that_is_sent(client: socket.socket) -> bytes:
    """Return what comes until the other end hangs up; raises TimeoutError if it never does."""
    return b"".join(iter(lambda: client.recv(65536), b""))


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    process = psutil.Process(pid)
    process.suspend()
    try:
        yield
    finally:
        process.resume()


def place_until_refused(system: RunningSystem) -> tuple[list[int], httpx.Response]:
    """Return the orders that were taken while none was begun, and the answer to the first that was not."""
    placed: list[int] = []

    def refused() -> httpx.Response | None:
        answer = system.http.post("/orders", json={"address": ADDRESS})
        if answer.is_success:
            placed.append(answer.json()["order_id"])
            return None
        return answer

    one_too_many = eventually(refused, "an order too many")
    assert len(placed) >= MAY_WAIT
    return placed, one_too_many


def cancel_all_at_once(system: RunningSystem, orders: list[int]) -> tuple[Counter[str], float]:
    """Cancel half as often again as are let in; return what was told how often, and how long it took."""
    callers = MAX_IN_FLIGHT * 3 // 2
    limits = httpx.Limits(max_connections=callers)
    headers, url = system.http.headers, system.http.base_url
    with (
        httpx.Client(base_url=url, headers=headers, limits=limits, timeout=NOT_FOR_EVER_SECONDS) as client,
        ThreadPoolExecutor(callers) as pool,
    ):

        def cancel(number: int) -> httpx.Response:
            return client.post(f"/orders/{orders[number % len(orders)]}/cancel")

        began = time.monotonic()
        answers = list(pool.map(cancel, range(callers)))
        took_seconds = time.monotonic() - began
    assert {(answer.status_code, answer.headers.get("retry-after")) for answer in answers} == {(503, "1")}
    return Counter(answer.json()["code"] for answer in answers), took_seconds
