"""Children outlive a killed owner and are adopted by the next one, never doubled."""

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from supervisor.ports import find_stranger
from supervisor.processes import ProcessSpec, ProcessTable, end, has_ended
from supervisor.status import ComponentState, ServerState
from supervisor.supervisor import Supervisor
from supervisor.temporal_server import TemporalServer
from tests.integration.supervisor.town import LIMIT_SECONDS, Town, becomes_true, new_town
from tests.shop.slow import slowly


def kill(owner: subprocess.Popen[bytes]) -> None:
    """The owner is gone without having done anything about it."""
    owner.kill()
    owner.wait(LIMIT_SECONDS)
    assert owner.stdout
    owner.stdout.close()


def wait_until_ready(owner: subprocess.Popen[bytes]) -> None:
    assert owner.stdout
    assert owner.stdout.readline() == b"ready\n"


async def test_what_a_killed_owner_left_is_adopted_watched_and_at_last_stopped(town: Town) -> None:
    supervisor = town.supervisor(workers=town.stand_ins()[:1])
    owner = town.owner(workers=1)
    wait_until_ready(owner)
    orphans = town.children()
    kill(owner)

    unwatched = await supervisor.status()
    adopted = await supervisor.start()
    psutil.Process(orphans["order-worker"]).kill()
    await becomes_true(lambda: town.children().get("order-worker", 0) not in (0, orphans["order-worker"]))
    stopped = await supervisor.stop()

    assert unwatched.state is ServerState.DEGRADED
    assert {part.state for part in unwatched.components[1:]} == {ComponentState.UNWATCHED}
    assert orphans.keys() == {"temporal", "order-worker"}
    assert {part.name: part.pid for part in adopted.components[1:]} == orphans
    assert stopped.state is ServerState.STOPPED
    assert town.children() == {}


async def test_a_child_whose_pid_file_was_never_written_is_found_by_its_mark(town: Town) -> None:
    first, second = town.supervisor(workers=[]), town.supervisor(workers=[])
    await first.start()
    orphans = town.children()
    await first.release()
    (town.data_dir / "run" / "temporal.json").unlink()

    status = await second.start()

    assert status.component("temporal").pid == orphans["temporal"]
    assert town.children() == orphans
    assert ProcessTable(town.data_dir).find("temporal") is not None, "the pid file was not written again"
    await second.release()


async def test_a_stop_ends_what_an_earlier_owner_left_without_adopting_it(town: Town) -> None:
    first, second = town.supervisor(workers=[]), town.supervisor(workers=[])
    await first.start()
    await first.release()

    status = await second.stop()

    assert status.state is ServerState.STOPPED
    assert town.children() == {}


async def test_a_worker_that_was_started_with_other_settings_is_replaced_and_the_server_adopted(
    town: Town,
) -> None:
    workers = town.stand_ins()[:1]
    first = Supervisor(town.settings, workers=workers)
    await first.start()
    before = town.children()
    await first.release()
    second = Supervisor(town.settings.model_copy(update={"flaky_seed": 1}), workers=workers)

    await second.start()

    after = town.children()
    assert after["temporal"] == before["temporal"]
    assert after["order-worker"] != before["order-worker"]
    assert town.log("order-worker").split() == ["drained"]
    await second.release()


async def test_a_server_on_another_port_than_the_settings_say_now_is_replaced(town: Town) -> None:
    first = town.supervisor(workers=[])
    await first.start()
    before = town.children()
    await first.release()
    moved = new_town(town.data_dir)
    second = moved.supervisor(workers=[])

    status = await second.start()

    assert status.component("temporal").address == f"127.0.0.1:{moved.settings.temporal_port}"
    assert moved.children().keys() == {"temporal"}
    assert moved.children() != before
    await second.release()


@pytest.mark.parametrize("garbage", ["", "{", "[]", '{"pid": "x"}', '{"pid": 1}'])
async def test_a_pid_file_of_garbage_is_no_pid_file(town: Town, garbage: str) -> None:
    (town.data_dir / "run").mkdir(parents=True)
    (town.data_dir / "run" / "temporal.json").write_text(garbage)

    status = await town.supervisor(workers=[]).status()

    assert status.component("temporal").state is ComponentState.STOPPED


@pytest.mark.parametrize("resemblance", ["command", "birth"])
async def test_a_stranger_who_was_given_the_pid_of_a_dead_child_is_not_taken_for_it(
    tmp_path: Path, resemblance: str
) -> None:
    table, me = ProcessTable(tmp_path), psutil.Process()
    command = (sys.executable, "-c", "import time; time.sleep(600)")
    child = table.spawn(ProcessSpec(name="child", command=command))
    pid_file = tmp_path / "run" / "child.json"
    record = json.loads(pid_file.read_text())
    assert table.find("child") is not None

    await end(child, timedelta(seconds=10))
    alike = {"command": me.cmdline()} if resemblance == "command" else {"created": me.create_time()}
    pid_file.write_text(json.dumps({**record, "pid": me.pid, **alike}))

    assert table.find("child") is None


@pytest.mark.parametrize(
    ("step", "everyone"),
    [
        ("temporal.new.db", True),
        *slowly(("run/temporal.json", False), ("temporal.new.db-wal", False), ("temporal.db", True)),
    ],
)
async def test_after_a_kill_in_the_very_first_start_the_next_start_works(
    untouched_town: Town, step: str, everyone: bool
) -> None:
    owner = untouched_town.owner(workers=0)
    await becomes_true((untouched_town.data_dir / step).exists)
    kill(owner)
    if everyone:
        untouched_town.kill_everyone()

    supervisor = untouched_town.supervisor(workers=[])
    status = await supervisor.start()

    assert status.state is ServerState.READY
    assert untouched_town.children().keys() == {"temporal"}
    assert not list(untouched_town.data_dir.glob("temporal.new.db*"))
    await supervisor.release()


async def test_an_empty_database_file_does_not_keep_the_server_from_starting(untouched_town: Town) -> None:
    untouched_town.data_dir.mkdir()
    (untouched_town.data_dir / "temporal.db").touch()
    supervisor = untouched_town.supervisor(workers=[])

    status = await supervisor.start()

    assert status.state is ServerState.READY
    await supervisor.release()


async def test_a_new_database_has_no_journal_beside_it_of_one_that_was_deleted_alone(
    untouched_town: Town,
) -> None:
    untouched_town.data_dir.mkdir()
    database = untouched_town.data_dir / "temporal.db"
    journal = database.with_name("temporal.db-wal")
    journal.touch()

    await TemporalServer(untouched_town.settings, ProcessTable(untouched_town.data_dir)).make_database()

    assert database.stat().st_size
    assert not journal.exists()
    assert untouched_town.children() == {}


async def test_a_killed_process_has_ended_only_when_its_port_is_free_and_leaves_no_zombie(
    town: Town,
) -> None:
    supervisor = town.supervisor(workers=[])
    await supervisor.start()
    await supervisor.release()
    server = psutil.Process(town.children()["temporal"])

    server.kill()
    while not has_ended(server):
        pass

    assert find_stranger("127.0.0.1", town.settings.temporal_port) is None
    assert not psutil.pid_exists(server.pid)
