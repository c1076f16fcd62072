import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bootstrap.exclusive import held_alone

HOLD_UNTIL_KILLED = """
import sys, pathlib, bootstrap.exclusive as exclusive
with exclusive.held_alone(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""

HOLD_THROUGH_A_CHILD = """
import sys, pathlib, subprocess, bootstrap.exclusive as exclusive
with exclusive.held_alone(pathlib.Path(sys.argv[1])):
    child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], close_fds=False)
    print("held", flush=True)
    child.wait()
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


@contextmanager
def holder_elsewhere(program: str, lock: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Another process that holds `lock`."""
    command = [sys.executable, "-c", program, str(lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == b"held"
        yield holder
        holder.kill()


def test_a_holder_that_was_killed_holds_it_no_more(tmp_path: Path) -> None:
    with holder_elsewhere(HOLD_UNTIL_KILLED, tmp_path / "a.lock") as holder:
        holder.kill()

        with held_alone(tmp_path / "a.lock"):
            pass


@pytest.mark.skipif(os.name == "nt", reason="Windows ties the lock to one process")
def test_what_a_killed_holder_started_goes_on_holding_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    knocked = threading.Event()
    monkeypatch.setattr("bootstrap.exclusive.time.sleep", lambda _: knocked.set())
    with holder_elsewhere(HOLD_THROUGH_A_CHILD, tmp_path / "a.lock") as holder:
        holder.kill()
        holder.wait()
        released = threading.Thread(target=take_and_leave, args=[tmp_path / "a.lock"])
        released.start()

        assert knocked.wait(timeout=10)
        assert released.is_alive()

        assert holder.stdin is not None
        holder.stdin.close()
        released.join(timeout=10)
        assert not released.is_alive()


def take_and_leave(lock: Path) -> None:
    with held_alone(lock):
        pass
