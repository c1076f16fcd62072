"""A hundred orders under a dozen faults: nothing that is promised is broken."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.running_system import ROOT

# Its freezes are the shortest of the first sixty; any other seed would do.
SEED = 5


@pytest.mark.timeout(240)
def test_a_hundred_orders_under_a_dozen_faults_break_no_promise(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.chaos", "--seed", str(SEED), "--folder", str(tmp_path)]

    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=230)

    told = ended.stdout + ended.stderr
    assert ended.returncode == 0, told
    assert re.search(r"\d+ invariants, 0 violations", ended.stdout), told
    assert '"operation": "poison"' in (tmp_path / "journal.jsonl").read_text(), "not there to be judged again"


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_process_killed_at_any_call_breaks_no_promise() -> None:
    command = [sys.executable, "-m", "benchmarks.crash_points", "--share", "0.1"]

    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1180)

    told = ended.stdout + ended.stderr
    assert ended.returncode == 0, told
    assert re.search(r"\d+ trials, 0 mistakes", ended.stdout), told
