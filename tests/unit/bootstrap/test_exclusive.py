import subprocess
import sys
import threading
from pathlib import Path

import pytest

from bootstrap.exclusive import held_alone

HOLD_UNTIL_KILLED = """
import sys, pathlib, bootstrap.exclusive as exclusive
with exclusive.held_alone(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_no_two_hold_it_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    knocked, seen = threading.Event(), []
    monkeypatch.setattr("bootstrap.exclusive.time.sleep", lambda _: knocked.set())

    def hold() -> None:
        with held_alone(tmp_path / "a.lock"):
            seen.append("second")

    second = threading.Thread(target=hold)
    with held_alone(tmp_path / "a.lock"):
        second.start()
        assert knocked.wait(timeout=10)
        seen.append("first")
    second.join(timeout=10)

    assert seen == ["first", "second"]


def test_a_holder_that_was_killed_holds_it_no_more(tmp_path: Path) -> None:
    lock = tmp_path / "a.lock"
    command = [sys.executable, "-c", HOLD_UNTIL_KILLED, str(lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == b"held"

        holder.kill()

        with held_alone(lock):
            pass
