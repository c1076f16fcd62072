"""A database that cannot be used ends the start with one line; once it can be used, so can the system."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.running_system import own_environment
from db.schema import migrate
from tests.e2e.starts import API, ended, permissions_hold, serves

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


def a_file_to_be_read_only(database: Path) -> None:
    migrate(f"sqlite:///{database}")
    database.chmod(0o400)


def in_a_folder_to_be_read_only(database: Path) -> None:
    migrate(f"sqlite:///{database}")
    database.parent.chmod(0o500)


def mended(database: Path, backup: Path) -> None:
    """A backup is in its place, and may be written."""
    database.parent.chmod(0o700)
    for leftover in database.parent.glob("orders.db*"):
        shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
    shutil.copy(backup, database)


def is_told_of(database: Path, said: "subprocess.CompletedProcess[str]") -> bool:
    """By one line, beside the log's own, and by the exit code."""
    told = [line for line in said.stderr.splitlines() if not line.startswith("{")]
    assert said.returncode == EXIT_BOOKS_UNUSABLE, said.stderr
    assert len(told) == 1
    return str(database) in told[0] and "cannot be used" in told[0]


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    copy = tmp_path / "backup.db"
    migrate(f"sqlite:///{copy}")
    return copy


@pytest.mark.parametrize(
    "disaster",
    [
        corrupt,
        a_file_to_be_read_only,
        pytest.param(in_a_folder_to_be_read_only, marks=pytest.mark.slow),
        pytest.param(half_written, marks=pytest.mark.slow),
        pytest.param(a_folder, marks=pytest.mark.slow),
    ],
)
def test_an_unusable_database_is_told_in_one_line_and_left_as_it_is_and_a_mended_one_works(
    disaster: Callable[[Path], None], tmp_path: Path, backup: Path
) -> None:
    database = tmp_path / "var" / "orders.db"
    database.parent.mkdir()
    disaster(database)
    before = database.read_bytes() if database.is_file() else None
    environment = own_environment(database.parent, **WITHOUT_THE_REST)

    by_the_api = ended((*permissions_hold(), *API), environment)
    by_a_worker = ended((*permissions_hold(), sys.executable, "-m", "workers.order_worker"), environment)

    assert is_told_of(database, by_the_api)
    assert is_told_of(database, by_a_worker)
    assert (database.read_bytes() if database.is_file() else None) == before
    mended(database, backup)
    assert serves(environment)


def test_a_full_disk_is_told_in_one_line_and_the_next_start_works(tmp_path: Path) -> None:
    environment = own_environment(tmp_path, **WITHOUT_THE_REST)

    # In blocks of 512 bytes: no file may grow beyond it, as on a disk that is full.
    full = ended(("sh", "-c", f"ulimit -f 16; exec {sys.executable} main.py"), environment)

    assert full.returncode == EXIT_BOOKS_UNUSABLE, full.stderr
    assert "cannot be used" in full.stderr
    assert serves(environment)
