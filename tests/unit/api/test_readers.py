"""Whoever stops reading is let go; whoever is seen to read is not."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any, cast

import pytest
import uvicorn
from uvicorn.server import ServerState

from api.serving import PunctualProtocol


class Clock:
    """In place of a loop: what is to happen later happens when the test says so."""

    def __init__(self) -> None:
        self.waiting: list[tuple[asyncio.TimerHandle, Callable[..., None], tuple[Any, ...]]] = []
        self._loop = asyncio.new_event_loop()

    def call_later(self, _seconds: float, call: Callable[..., None], *args: Any) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(0, call, args, self._loop)
        self.waiting.append((handle, call, args))
        return handle

    def strike(self) -> None:
        """Everything that has not been called off happens."""
        due, self.waiting = self.waiting, []
        for handle, call, args in due:
            if not handle.cancelled():
                call(*args)

    def close(self) -> None:
        self._loop.close()


class Line(asyncio.Transport):
    """A connection of which so much is still unread."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__({"socket": connection})
        self.unread = 0
        self.was_cut = False

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        assert (high, low) == (0, None)

    def get_write_buffer_size(self) -> int:
        return self.unread

    def abort(self) -> None:
        self.was_cut = True


@pytest.fixture
def clock() -> Iterator[Clock]:
    with closing(Clock()) as made:
        yield made


@pytest.fixture
def line() -> Iterator[Line]:
    with closing(socket.socket()) as connection:
        yield Line(connection)


@pytest.fixture
def protocol(clock: Clock, line: Line) -> PunctualProtocol:
    config = uvicorn.Config(app=lambda: None, log_config=None)
    config.load()
    made = PunctualProtocol(config, ServerState(), {}, cast("asyncio.AbstractEventLoop", clock))
    made.connection_made(line)
    clock.waiting.clear()
    return made


def test_who_reads_nothing_is_cut_off(protocol: PunctualProtocol, clock: Clock, line: Line) -> None:
    line.unread = 4000
    protocol.pause_writing()

    clock.strike()

    assert line.was_cut


def test_who_goes_on_reading_is_waited_for(protocol: PunctualProtocol, clock: Clock, line: Line) -> None:
    line.unread = 4000
    protocol.pause_writing()
    line.unread = 3000
    clock.strike()
    assert not line.was_cut

    clock.strike()

    assert line.was_cut


def test_who_has_read_all_is_waited_for_no_more(protocol: PunctualProtocol, clock: Clock, line: Line) -> None:
    line.unread = 4000
    protocol.pause_writing()
    protocol.resume_writing()

    clock.strike()

    assert not line.was_cut
