"""What a process gets from the table that starts it."""

import sys
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
