"""What the sender of an open loop makes of a server that hangs up."""

import asyncio

from benchmarks.open_loop import Sender, Tally, a_post
from supervisor.ports import free_port

ANSWER = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 2\r\n\r\n{}"


async def asked_twice(answer: bytes) -> Tally:
    """Ask a server that gives this answer and hangs up, each time."""
    hung_up = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()
        await writer.wait_closed()
        hung_up.set()

    port, tally = free_port(), Tally()
    async with await asyncio.start_server(serve, "127.0.0.1", port):
        sender = Sender(port, a_post("/orders", b"", port))
        for _ in range(2):
            hung_up.clear()
            sender.send_some(1, tally)
            await sender.all_answered()
            await hung_up.wait()
            # The loop hears of it in its next turn.
            await asyncio.sleep(0)
        await sender.close()
    return tally


async def test_a_connection_that_was_closed_while_nobody_used_it_is_replaced() -> None:
    tally = await asked_twice(ANSWER)

    assert (tally.statuses, tally.unanswered, tally.without_retry_after) == ({503: 2}, 0, 0)


async def test_a_request_whose_connection_is_closed_is_counted() -> None:
    tally = await asked_twice(b"")

    assert (tally.statuses, tally.unanswered) == ({}, 2)
