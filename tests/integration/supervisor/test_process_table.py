"""What a process gets from the table that starts it."""

import asyncio
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from supervisor.processes import ProcessSpec, ProcessTable, end, has_ended

SLEEP = (sys.executable, "-c", "import time; time.sleep(300)")
TELL = (sys.executable, "-c", "import os; print(os.environ['TOLD'])")


def test_a_process_gets_the_environment_that_its_table_was_made_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOLD", "before")
    table = ProcessTable(tmp_path)
    monkeypatch.setenv("TOLD", "after")

    table.spawn(ProcessSpec(name="teller", command=TELL)).wait()

    assert table.log_file("teller").read_text(encoding="utf-8").strip() == "before"


@pytest.mark.parametrize(("ours", "told"), [(None, "by default"), ("by us", "by us")])
def test_a_default_counts_where_our_own_environment_says_nothing(
    ours: str | None, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if ours is not None:
        monkeypatch.setenv("TOLD", ours)
    table, teller = ProcessTable(tmp_path), ProcessSpec(name="teller", command=TELL)

    table.spawn(replace(teller, defaults=(("TOLD", "by default"),))).wait()

    assert table.log_file("teller").read_text(encoding="utf-8").strip() == told


def test_processes_with_other_defaults_do_not_stand_in_for_each_other() -> None:
    teller = ProcessSpec(name="teller", command=TELL)

    assert teller.fingerprint != replace(teller, defaults=(("TOLD", "by default"),)).fingerprint


# SystemError: an older Python on Windows, asked of a process that belongs to another console.
@pytest.mark.parametrize("why", [SystemError(), OSError(22, "another console"), psutil.AccessDenied()])
async def test_who_cannot_be_asked_to_end_is_killed_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, why: Exception
) -> None:
    def cannot_be_asked(_: psutil.Process) -> None:
        raise why

    monkeypatch.setattr("supervisor.processes._ask_to_end", cannot_be_asked)
    sleeper = ProcessTable(tmp_path).spawn(ProcessSpec(name="sleeper", command=SLEEP))

    async with asyncio.timeout(30):
        ended_by_itself = await end(sleeper, grace=timedelta(seconds=120))

    assert not ended_by_itself
    assert has_ended(sleeper)
