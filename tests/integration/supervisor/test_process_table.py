"""What a process gets from the table that starts it."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from supervisor.processes import ProcessSpec, ProcessTable

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
