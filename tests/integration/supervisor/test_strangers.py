"""Ports that strangers hold are named; servers of others are used and left alone; the stubborn are killed."""

import asyncio
import errno
import os
import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from supervisor.ports import PortTaken, find_stranger, free_port, free_ports
from supervisor.status import ComponentState, ServerState
from supervisor.supervisor import Supervisor
from tests.integration.supervisor.town import Town, becomes_true, never_polling, new_town
from tests.shop.waiting import eventually


@pytest.fixture
def stranger() -> Iterator[socket.socket]:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        yield listening


def test_a_port_that_nobody_has_has_no_stranger() -> None:
    assert find_stranger("127.0.0.1", free_port()) is None


def test_ports_that_are_asked_for_together_are_different_ones() -> None:
    assert len(set(free_ports(100))) == 100


def test_a_stranger_is_told_by_name_and_pid(stranger: socket.socket) -> None:
    port = stranger.getsockname()[1]

    complaint = find_stranger("127.0.0.1", port)

    assert complaint == f"port {port} is taken by {psutil.Process().name()} (pid {os.getpid()})"


def test_on_an_address_of_another_machine_nobody_here_is_blamed(
    stranger: socket.socket,
) -> None:
    port = stranger.getsockname()[1]

    complaint = find_stranger("192.0.2.1", port)

    assert complaint == f"port {port} of 192.0.2.1 cannot be listened on: {os.strerror(errno.EADDRNOTAVAIL)}"


@pytest.mark.parametrize("setting_name", ["TEMPORAL_PORT", "TEMPORAL_UI_PORT"])
async def test_a_taken_port_is_named_before_anything_is_started(
    town: Town, stranger: socket.socket, setting_name: str
) -> None:
    port = stranger.getsockname()[1]
    settings = town.settings.model_copy(update={setting_name.lower(): port})
    supervisor = Supervisor(settings)

    with pytest.raises(PortTaken, match=f"port {port} is taken by .*{setting_name}") as refusal:
        await supervisor.start()

    assert refusal.value.code == "PORT_TAKEN"
    assert town.children() == {}
    assert not (town.data_dir / "logs").exists()
    assert (await supervisor.status()).state is ServerState.STOPPED


async def test_a_server_of_somebody_else_is_used_but_neither_started_nor_stopped(
    town: Town, tmp_path: Path
) -> None:
    elsewhere = new_town(tmp_path / "elsewhere")
    somebody_else = elsewhere.supervisor(workers=[])
    theirs = (await somebody_else.start()).component("temporal")
    settings = town.settings.model_copy(update={"temporal_environment": {"TEMPORAL_ADDRESS": theirs.address}})
    supervisor = Supervisor(settings, workers=elsewhere.stand_ins()[:1])

    before, started, after = [await call() for call in (supervisor.status, supervisor.start, supervisor.stop)]

    assert before.state is ServerState.STOPPED
    assert started.state is ServerState.READY
    assert started.component("temporal") == replace(theirs, pid=None)
    assert started.component("order-worker").pid is not None
    assert after.state is ServerState.STOPPED
    assert after.component("temporal").state is ComponentState.READY
    assert town.children() == {}
    await somebody_else.release()
    elsewhere.kill_everyone()

    async def is_gone() -> bool:
        return (await supervisor.status()).component("temporal").state is ComponentState.UNREACHABLE

    # A look is good for a moment.
    await eventually(is_gone, wanted="a server that is gone")


async def test_a_child_that_does_not_end_when_asked_is_killed_after_its_grace(town: Town) -> None:
    stubborn = replace(
        never_polling(
            "import signal, time; signal.signal(signal.SIGTERM, lambda *_: print('no', flush=True))\n"
            "print('here', flush=True)\nwhile True: time.sleep(600)"
        ),
        grace=timedelta(seconds=0.3),
    )
    supervisor = town.supervisor(workers=[stubborn])
    start = asyncio.create_task(supervisor.start())
    await becomes_true(lambda: "order-worker" in town.children() and "here" in town.log("order-worker"))

    await supervisor.stop()

    assert town.children() == {}
    assert town.log("order-worker").split() == ["here", "no"]
    await asyncio.wait([start])
    assert start.exception() is not None
