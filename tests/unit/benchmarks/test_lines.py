"""A lean connection says what httpx's own would: the answer, or that there is none."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from benchmarks.lines import LeanTransport
from supervisor.ports import free_port

ANSWER = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 2\r\n\r\n{}"


@asynccontextmanager
async def a_client(*answers: bytes | None) -> AsyncIterator[tuple[httpx.AsyncClient, list[bytes]]]:
    """Of a server that gives these answers over one connection after the other, None: hangs up."""
    heard, left = list[bytes](), list(answers)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while left and (request := await reader.read(10_000)):
            heard.append(request)
            answer = left.pop(0)
            if answer is None:
                break
            writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with (
        server,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", transport=LeanTransport(port)) as http,
    ):
        yield http, heard


async def test_the_request_is_sent_whole_and_the_answer_comes_back_whole() -> None:
    async with a_client(ANSWER) as (http, heard):
        answer = await http.post("/orders?x=1", json={"a": 1})

    assert heard[0].startswith(b"POST /orders?x=1 HTTP/1.1\r\n")
    assert heard[0].endswith(b'\r\n\r\n{"a":1}')
    assert (answer.status_code, answer.headers["Retry-After"], answer.json()) == (503, "1", {})


async def test_a_connection_is_used_again() -> None:
    async with a_client(ANSWER, ANSWER) as (http, heard):
        await http.get("/")
        await http.get("/")

    assert len(heard) == 2


async def test_a_connection_that_is_closed_before_the_answer_is_a_transport_error() -> None:
    async with a_client(ANSWER, None) as (http, heard):
        await http.get("/")
        with pytest.raises(httpx.TransportError):
            await http.get("/")

    assert len(heard) == 2


async def test_an_answer_that_does_not_say_its_length_is_a_transport_error() -> None:
    async with a_client(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n") as (http, _):
        with pytest.raises(httpx.TransportError):
            await http.get("/")


async def test_what_a_field_says_comes_back_as_it_was_said() -> None:
    async with a_client(b"HTTP/1.1 204 No Content\r\nLocation: /Orders/A\r\ncontent-length: 0\r\n\r\n") as (
        http,
        _,
    ):
        answer = await http.get("/")

    assert (answer.status_code, answer.headers["Location"]) == (204, "/Orders/A")


async def test_nobody_there_is_a_transport_error() -> None:
    port = free_port()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", transport=LeanTransport(port)) as http:
        with pytest.raises(httpx.TransportError):
            await http.get("/")
