"""A database that cannot be used ends the start with one line; once it can be used, so can the system."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from benchmarks.running_system import ROOT, eventually, own_environment
from db.schema import migrate

WITHOUT_THE_REST = {"AUTOSTART": "false"}

EXIT_BOOKS_UNUSABLE = 4


def corrupt(database: Path) -> None:
    database.write_bytes(b"no database, but a text " * 200)


def half_written(database: Path) -> None:
    """What a failing disk leaves of it: the first page is there, the others are not what they were."""
    migrate(f"sqlite:///{database}")
    database.write_bytes(database.read_bytes()[:4096] + b"\xff" * 40_000)


def a_folder(database: Path) -> None:
    database.mkdir()


def said_by(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def serves(environment: dict[str, str]) -> bool:
    """A start comes up, and ends in order."""
    process = subprocess.Popen(
        [sys.executable, "main.py"], cwd=ROOT, env=environment, stderr=subprocess.DEVNULL
    )
    try:
        eventually(lambda: is_alive(environment["API_PORT"]), "an API that serves")
    finally:
        process.send_signal(signal.SIGINT)
    return process.wait(30) == 0


def is_alive(port: str) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz").is_success
    except httpx.TransportError:
        return False


@pytest.mark.parametrize("disaster", [corrupt, half_written, a_folder])
@pytest.mark.parametrize("entry", [["main.py"], ["-m", "workers.order_worker"]])
def test_an_unusable_database_is_told_in_one_line_and_left_as_it_is(
    disaster: Callable[[Path], None], entry: list[str], tmp_path: Path
) -> None:
    database = tmp_path / "orders.db"
    disaster(database)
    before = database.read_bytes() if database.is_file() else None
    environment = own_environment(tmp_path, **WITHOUT_THE_REST)

    ended = said_by([sys.executable, *entry], environment)

    assert ended.returncode == EXIT_BOOKS_UNUSABLE, ended.stderr
    told = [line for line in ended.stderr.splitlines() if not line.startswith("{")]
    assert len(told) == 1
    assert str(database) in told[0]
    assert "cannot be used" in told[0]
    assert (database.read_bytes() if database.is_file() else None) == before


def test_a_full_disk_is_told_in_one_line_and_the_next_start_works(tmp_path: Path) -> None:
    environment = own_environment(tmp_path, **WITHOUT_THE_REST)

    # In blocks of 512 bytes: no file may grow beyond it, as on a disk that is full.
    full = said_by(["sh", "-c", f"ulimit -f 16; exec {sys.executable} main.py"], environment)

    assert full.returncode == EXIT_BOOKS_UNUSABLE, full.stderr
    assert "cannot be used" in full.stderr
    assert serves(environment)
