"""HTTP to one port of this machine for little CPU: what a load costs is taken from what it is a load for."""

import asyncio
from dataclasses import dataclass

import httpx

HEAD_ENDS = b"\r\n\r\n"
LENGTH = b"content-length:"


@dataclass(frozen=True, slots=True, kw_only=True)
class RawAnswer:
    """What came back, as it came."""

    status: int
    head: bytes
    body: bytes


class Lines:
    """Connections to `port` that are kept open, each for one request at a time."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def exchange(self, request: bytes) -> RawAnswer:
        """Send the bytes and return what comes back, which must say its length.

        Raises OSError when nobody listens, IncompleteReadError when the connection is closed before the end,
        ValueError for an answer that does not say how long it is.
        """
        reader, writer = await self._connection()
        try:
            answer = await _exchange(request, reader, writer)
        except BaseException:
            writer.close()
            raise
        self._free.append((reader, writer))
        return answer

    async def close(self) -> None:
        while self._free:
            _, writer = self._free.pop()
            writer.close()
            await writer.wait_closed()

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Return one that is free and that the server has not closed for being idle, or a new one."""
        while self._free:
            reader, writer = self._free.pop()
            if not (reader.at_eof() or writer.is_closing()):
                return reader, writer
            writer.close()
        return await asyncio.open_connection("127.0.0.1", self._port)


async def _exchange(request: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> RawAnswer:
    writer.write(request)
    head = await reader.readuntil(HEAD_ENDS)
    _, _, length = head.lower().partition(LENGTH)
    body = await reader.readexactly(int(length.partition(b"\r\n")[0]))
    return RawAnswer(status=int(head[9:12]), head=head, body=body)


class LeanTransport(httpx.AsyncBaseTransport):
    """For an httpx client of one port: its own pool took a third of what the load itself takes."""

    def __init__(self, port: int) -> None:
        self._lines = Lines(port)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        try:
            async with asyncio.timeout(request.extensions["timeout"]["read"]):
                answer = await self._lines.exchange(_as_bytes(request, body))
        except TimeoutError as late:
            raise httpx.ReadTimeout(str(late), request=request) from late
        except (OSError, asyncio.IncompleteReadError) as broken:
            raise httpx.NetworkError(str(broken), request=request) from broken
        except ValueError as strange:
            raise httpx.RemoteProtocolError(str(strange), request=request) from strange
        return httpx.Response(answer.status, headers=_fields(answer.head), content=answer.body)

    async def aclose(self) -> None:
        await self._lines.close()


def _as_bytes(request: httpx.Request, body: bytes) -> bytes:
    first = b"%s %s HTTP/1.1" % (request.method.encode(), request.url.raw_path)
    fields = (b"%s: %s" % field for field in request.headers.raw)
    return b"\r\n".join((first, *fields)) + HEAD_ENDS + body


def _fields(head: bytes) -> list[tuple[bytes, bytes]]:
    _, *lines = head.removesuffix(HEAD_ENDS).split(b"\r\n")
    return [(name, value.strip()) for name, _, value in (line.partition(b":") for line in lines)]
