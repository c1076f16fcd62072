"""Starting brings everything up once; stopping leaves nothing."""

import asyncio
import logging
import os
from pathlib import Path

import pytest

from config.queues import TaskQueue
from engine.connection import connect
from engine.pollers import pollers_of, worker_identity
from supervisor import temporal_server
from supervisor.faults import StartFault
from supervisor.ownership import AlreadySupervised
from supervisor.ports import find_stranger
from supervisor.status import ComponentState, ServerState
from supervisor.supervisor import Supervisor
from tests.integration.supervisor.town import NAMES, Town, becomes_true


async def test_a_stop_drains_the_workers_and_leaves_no_process_no_port_and_no_pid_file(town: Town) -> None:
    supervisor = town.supervisor(workers=town.stand_ins()[:1])
    await supervisor.start()

    status = await supervisor.stop()

    assert status.state is ServerState.STOPPED
    assert town.children() == {}
    assert find_stranger("127.0.0.1", town.settings.temporal_port) is None
    assert find_stranger("127.0.0.1", town.settings.temporal_ui_port) is None
    assert list((town.data_dir / "run").glob("*.json")) == []
    assert town.log("order-worker").split() == ["drained"]


async def test_a_hundred_starts_at_once_are_one_start_that_makes_everything_ready(
    town: Town, supervisor: Supervisor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="supervisor")

    statuses = await asyncio.gather(*(supervisor.start() for _ in range(100)))
    again = await supervisor.start()

    assert {status.state for status in statuses} == {ServerState.READY}
    assert {component.state for component in again.components} == {ComponentState.READY}
    assert [component.name for component in again.components] == ["api", "temporal", *NAMES]
    assert again == statuses[0]
    assert again.component("api").pid == os.getpid()
    assert again.component("temporal").address == f"127.0.0.1:{town.settings.temporal_port}"
    assert {component.name: component.pid for component in again.components[1:]} == town.children()
    assert [record.message for record in caplog.records].count("child.started") == 4
    client = await connect(town.settings)
    for queue in TaskQueue:
        name = f"{queue}-worker"
        assert worker_identity(name, town.children()[name]) in await pollers_of(client, queue)


async def test_a_caller_who_goes_away_does_not_take_the_start_along(town: Town) -> None:
    supervisor = town.supervisor(workers=[])
    impatient = asyncio.create_task(supervisor.start())
    patient = asyncio.create_task(supervisor.start())
    await becomes_true(lambda: supervisor.is_watching)

    impatient.cancel()

    assert (await patient).state is ServerState.READY
    await supervisor.release()


async def test_a_stop_calls_off_the_very_first_start(untouched_town: Town) -> None:
    supervisor = untouched_town.supervisor(workers=untouched_town.stand_ins())
    start = asyncio.create_task(supervisor.start())
    await becomes_true(lambda: (untouched_town.data_dir / "temporal.new.db").exists())

    status = await supervisor.stop()

    assert status.state is ServerState.STOPPED
    with pytest.raises(StartFault, match="called off"):
        await start
    assert untouched_town.children() == {}


async def test_a_stop_of_what_was_never_started_is_a_stop(supervisor: Supervisor) -> None:
    statuses = await asyncio.gather(*(supervisor.stop() for _ in range(10)))

    assert {status.state for status in statuses} == {ServerState.STOPPED}


async def test_a_directory_that_cannot_be_used_is_a_fault_that_names_it(untouched_town: Town) -> None:
    untouched_town.data_dir.touch()

    with pytest.raises(StartFault, match=f"DATA_DIR cannot be used: .*{untouched_town.data_dir}"):
        await untouched_town.supervisor(workers=[]).start()


def test_a_new_database_that_cannot_be_completed_is_a_fault_that_names_it(tmp_path: Path) -> None:
    """On a full disk, say: the next try makes another."""
    unfinished = tmp_path / "temporal.db"
    unfinished.write_bytes(b"no database at all" * 100)

    with pytest.raises(StartFault, match=r"temporal\.db cannot be completed: file is not a database"):
        temporal_server._fold_journal(unfinished)


async def test_a_second_supervisor_of_the_same_directory_is_refused_and_named_the_first(town: Town) -> None:
    first, second = town.supervisor(workers=[]), town.supervisor(workers=[])
    await first.start()

    for refused in (second.start, second.stop):
        with pytest.raises(AlreadySupervised, match=f"pid {os.getpid()}") as refusal:
            await refused()
        assert refusal.value.code == "ALREADY_SUPERVISED"

    assert (await second.status()).component("temporal").state is ComponentState.UNWATCHED
    await first.release()
    assert (await second.start()).state is ServerState.READY
    await second.release()
