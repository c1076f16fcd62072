"""A killed child is back within a second; one that never works is tried less and less, and reported."""

import logging
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from temporalio.client import WorkflowExecutionStatus

from config.queues import TaskQueue
from engine.connection import connect
from engine.pollers import pollers_of, worker_identity
from supervisor.children import pause_before
from supervisor.faults import StartFault
from supervisor.status import ComponentState, ServerState
from supervisor.supervisor import Supervisor
from tests.integration.supervisor.town import (
    LIMIT_SECONDS,
    NAMES,
    Town,
    becomes_true,
    never_polling,
    stand_ins,
)

# Measured from the kill; what remains after noticing is the spawning itself.
BACK_WITHIN_SECONDS = 1.0


async def is_ready(supervisor: Supervisor) -> bool:
    return (await supervisor.status()).state is ServerState.READY


async def replaced(town: Town, name: str, old: int, *, within: float = LIMIT_SECONDS) -> float:
    """Wait until another process than `old` is the child `name`; return how many seconds that took."""
    return await becomes_true(lambda: town.children().get(name, old) != old, within=within)


async def test_killed_workers_are_back_within_a_second_and_ready_once_they_poll_themselves(
    town: Town, supervisor: Supervisor
) -> None:
    await supervisor.start()
    client = await connect(town.settings)

    before = town.children()

    for name in NAMES:
        psutil.Process(before[name]).kill()
    for name in NAMES:
        await replaced(town, name, before[name], within=BACK_WITHIN_SECONDS)
    meanwhile = await supervisor.status()
    await becomes_true(lambda: is_ready(supervisor))

    assert meanwhile.state is ServerState.DEGRADED
    assert {meanwhile.component(name).state for name in NAMES} == {ComponentState.STARTING}
    after = town.children()
    assert after["temporal"] == before["temporal"]
    assert not any(psutil.pid_exists(before[name]) for name in NAMES), "the killed were not reaped"
    for queue in TaskQueue:
        name, polling = f"{queue}-worker", await pollers_of(client, queue)
        assert worker_identity(name, before[name]) in polling, "a dead worker is still listed, and no proof"
        assert worker_identity(name, after[name]) in polling


async def test_a_temporal_server_that_was_killed_is_back_within_a_second_with_all_it_knew(town: Town) -> None:
    supervisor = town.supervisor(workers=[])
    await supervisor.start()
    client = await connect(town.settings)
    await client.start_workflow("Unknown", id="kept", task_queue="nobody")
    killed = town.children()["temporal"]

    psutil.Process(killed).kill()
    await replaced(town, "temporal", killed, within=BACK_WITHIN_SECONDS)
    await becomes_true(lambda: is_ready(supervisor))

    description = await (await connect(town.settings)).get_workflow_handle("kept").describe()
    assert description.status is WorkflowExecutionStatus.RUNNING
    assert (await supervisor.status()).component("temporal").pid == town.children()["temporal"]
    await supervisor.release()


async def test_a_child_that_always_dies_is_backed_off_from_reported_and_forgiven_by_the_next_start(
    town: Town, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    repaired = tmp_path / "repaired"
    worker = stand_ins(town.settings.temporal_port)[0]
    code = f"""
import os, sys
if not os.path.exists({str(repaired)!r}): sys.exit("no such table: orders")
os.execv(sys.executable, {list(worker.command)!r})
"""
    supervisor = town.supervisor(workers=[never_polling(code)])
    caplog.set_level(logging.INFO, logger="supervisor")

    with pytest.raises(StartFault, match="no such table: orders") as failure:
        await supervisor.start()
    lives = [record for record in caplog.records if record.message == "child.died"]
    status = await supervisor.status()
    repaired.touch()

    assert "exit code 1, 4 times in a row" in str(failure.value)
    assert len(lives) == 4
    assert [record.levelname for record in lives] == ["WARNING", "ERROR", "ERROR", "ERROR"]
    assert status.state is ServerState.DEGRADED
    assert status.component("order-worker").state is ComponentState.BACKING_OFF
    assert "4 times in a row" in (status.component("order-worker").detail or "")
    assert (await supervisor.start()).state is ServerState.READY
    await supervisor.release()


async def test_a_start_that_takes_too_long_says_who_is_missing_and_quotes_its_log(town: Town) -> None:
    before = town.supervisor(workers=[])
    await before.start()
    await before.release()
    silent = never_polling("import time; print('waiting for Godot', flush=True); time.sleep(600)")
    supervisor = Supervisor(town.settings, workers=[silent], patience=timedelta(seconds=1.5))

    with pytest.raises(StartFault) as failure:
        await supervisor.start()

    assert str(failure.value).splitlines() == [
        "not ready: order-worker",
        "order-worker: does not answer yet",
        "waiting for Godot",
    ]
    assert (await supervisor.status()).state is ServerState.DEGRADED
    await supervisor.release()


def test_the_pause_doubles_from_the_second_life_in_vain_up_to_a_quarter_of_a_minute() -> None:
    pauses = [pause_before(lives).total_seconds() for lives in (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10_000)]

    assert pauses == [0, 0, 0.25, 0.5, 1, 2, 4, 8, 15, 15, 15]
