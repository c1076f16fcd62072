"""A killed child is back within a second; one that never works is tried less and less, and reported."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from temporalio.client import WorkflowExecutionStatus

from config.queues import TaskQueue
from engine.connection import connect
from engine.pollers import pollers_of, worker_identity
from supervisor.children import Child, pause_before
from supervisor.faults import StartFault
from supervisor.processes import Found, ProcessTable
from supervisor.status import ComponentState, ServerState
from supervisor.supervisor import Supervisor
from tests.integration.supervisor.town import (
    NAMES,
    Town,
    becomes_true,
    never_polling,
)

# Measured from the kill; what remains after noticing is the spawning itself.
BACK_WITHIN_SECONDS = 1.0


async def is_ready(supervisor: Supervisor) -> bool:
    return (await supervisor.status()).state is ServerState.READY


async def is_in(supervisor: Supervisor, name: str, state: ComponentState) -> bool:
    return (await supervisor.status()).component(name).state is state


async def kill_and_time(town: Town, names: Sequence[str]) -> float:
    """Kill the children `names` at once; return how many seconds it took until all had successors."""
    before = town.children()
    for name in names:
        psutil.Process(before[name]).kill()
    return await becomes_true(
        lambda: all(town.children().get(name, before[name]) != before[name] for name in names)
    )


async def fastest_of_three(town: Town, supervisor: Supervisor, names: Sequence[str]) -> float:
    """Kill up to three times, so that one slow moment of the machine does not count against the promise."""
    took: list[float] = []
    while len(took) < 3 and min(took, default=BACK_WITHIN_SECONDS) >= BACK_WITHIN_SECONDS:
        await becomes_true(lambda: is_ready(supervisor))
        took.append(await kill_and_time(town, names))
    return min(took)


async def test_killed_workers_are_back_within_a_second_and_reaped(town: Town, supervisor: Supervisor) -> None:
    await supervisor.start()
    before = town.children()

    took = await fastest_of_three(town, supervisor, NAMES)

    assert took < BACK_WITHIN_SECONDS
    assert town.children()["temporal"] == before["temporal"]
    assert not any(psutil.pid_exists(before[name]) for name in NAMES)


async def test_a_respawned_worker_is_ready_once_it_polls_itself_whatever_is_listed_of_its_predecessor(
    town: Town,
) -> None:
    spec = town.stand_ins()[0]
    supervisor = town.supervisor(workers=[spec])
    await supervisor.start()
    client = await connect(town.settings)
    before = town.children()[spec.name]

    await kill_and_time(town, [spec.name])
    meanwhile = await supervisor.status()
    await becomes_true(lambda: is_ready(supervisor))

    assert meanwhile.state is ServerState.DEGRADED
    assert meanwhile.component(spec.name).state is ComponentState.STARTING
    polling = await pollers_of(client, TaskQueue.ORDER)
    assert {worker_identity(spec.name, pid) for pid in (before, town.children()[spec.name])} <= polling
    await supervisor.release()


async def test_what_was_seen_of_a_predecessor_says_nothing_of_its_successor(untouched_town: Town) -> None:
    sleeping = never_polling("import time; time.sleep(600)")
    child = Child(sleeping, ProcessTable(untouched_town.data_dir), changed=lambda: None)
    watch = asyncio.create_task(child.look_after())
    await becomes_true(lambda: child.process is not None)
    predecessor = child.process
    assert predecessor

    predecessor.kill()
    await becomes_true(lambda: child.process not in (None, predecessor))
    child.testify(predecessor, works=True)

    assert child.component().state is ComponentState.STARTING
    assert child.process
    child.testify(child.process, works=True)
    assert child.component().state is ComponentState.READY
    watch.cancel()


async def test_a_process_whose_pid_file_cannot_be_written_runs_and_is_found(
    untouched_town: Town,
) -> None:
    table = ProcessTable(untouched_town.data_dir)
    sleeping = never_polling("import time; time.sleep(600)")
    untouched_town.data_dir.mkdir()
    (untouched_town.data_dir / "run").touch()

    process = table.spawn(sleeping)

    found = table.search("order-worker")
    assert found == Found(process=process, fingerprint=sleeping.fingerprint)
    assert table.find("order-worker") is None


async def test_a_killed_temporal_server_is_back_within_a_second_with_all_it_knew(town: Town) -> None:
    supervisor = town.supervisor(workers=[])
    await supervisor.start()
    await (await connect(town.settings)).start_workflow("Unknown", id="kept", task_queue="nobody")

    took = await fastest_of_three(town, supervisor, ["temporal"])
    await becomes_true(lambda: is_ready(supervisor))

    assert took < BACK_WITHIN_SECONDS
    kept = (await connect(town.settings)).get_workflow_handle("kept")
    assert (await kept.describe()).status is WorkflowExecutionStatus.RUNNING
    assert (await supervisor.status()).component("temporal").pid == town.children()["temporal"]
    await supervisor.release()


async def test_all_is_ready_again_only_when_a_server_that_came_back_knows_its_workers(town: Town) -> None:
    supervisor = town.supervisor(workers=town.stand_ins()[:1])
    await supervisor.start()
    worker = psutil.Process(town.children()["order-worker"])

    worker.suspend()
    await kill_and_time(town, ["temporal"])
    start = asyncio.create_task(supervisor.start())
    await becomes_true(lambda: is_in(supervisor, "temporal", ComponentState.READY))
    meanwhile = await supervisor.status()
    was_done = start.done()
    worker.resume()

    assert (was_done, meanwhile.component("order-worker").state) == (False, ComponentState.UNREACHABLE)
    assert (await start).component("order-worker").pid == worker.pid
    await supervisor.release()


async def test_a_child_that_always_dies_is_backed_off_from_reported_and_forgiven_by_the_next_start(
    town: Town, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    repaired = tmp_path / "repaired"
    worker = town.stand_ins()[0]
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
