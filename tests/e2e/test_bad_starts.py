"""A start that cannot work says why, in one line a mistake, and loses nothing."""

import os
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks.running_system import own_environment
from tests.e2e.starts import API, ended, permissions_hold

EXIT_BAD_SETTINGS = 2
EXIT_PORT_TAKEN = 3
EXIT_BOOKS_UNUSABLE = 4


@pytest.fixture
def taken_port() -> Iterator[int]:
    with closing(socket.socket()) as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        yield stranger.getsockname()[1]


def environment_without(*names: str, **settings: str) -> dict[str, str]:
    return {name: value for name, value in {**os.environ, **settings}.items() if name not in names}


@pytest.mark.slow
def test_each_bad_setting_is_one_line(tmp_path: Path) -> None:
    bad = {"HEDGES": "many", "API_PORT": "0", "REVIEW_MODE": "perhaps", "DATA_DIR": str(tmp_path)}

    said = ended(("./start",), {**os.environ, **bad})

    assert said.returncode == EXIT_BAD_SETTINGS
    assert [line.split(":")[0] for line in said.stderr.splitlines()] == ["API_PORT", "HEDGES", "REVIEW_MODE"]


def test_a_taken_port_is_named_with_the_setting_that_moves_it(tmp_path: Path, taken_port: int) -> None:
    said = ended(("./start",), {**os.environ, "DATA_DIR": str(tmp_path), "API_PORT": str(taken_port)})

    assert said.returncode == EXIT_PORT_TAKEN
    assert f"port {taken_port} is taken" in said.stderr
    assert "API_PORT" in said.stderr
    assert not list(tmp_path.iterdir())


def test_an_argument_is_refused(tmp_path: Path) -> None:
    said = ended((*API, "--port", "9000"), {**os.environ, "DATA_DIR": str(tmp_path)})

    assert said.returncode == EXIT_BAD_SETTINGS
    assert "unrecognized arguments: --port 9000" in said.stderr
    assert not list(tmp_path.iterdir())


# What stands in the settings file, and the one line that it is answered with.
MISTAKES: dict[str, tuple[str | bytes, str]] = {
    "a wrong type": ("HEDGES=many", "HEDGES: Input should be a valid integer"),
    "no port": ("API_PORT=70000", "API_PORT: Input should be less than or equal to 65535"),
    "an unknown name": ("HEGDES=3", "HEGDES: is not a setting; did you mean HEDGES?"),
    "a name twice": (
        "HEDGES=3\nAPI_PORT=8001\nHEDGES=4",
        "HEDGES is set more than once, in lines 1 and 3",
    ),
    "no line of settings": ("HEDGES=3\n\nhedges are seven\n", ".env: line 3 is not NAME=value"),
    "no database": ("DATABASE_URL=orders.db", "DATABASE_URL: String should match"),
    "another encoding": ("HEDGES=3".encode("utf-16"), ".env: is not UTF-8 text; save it as UTF-8"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_the_settings_file_is_one_line(mistake: str, tmp_path: Path) -> None:
    text, told = MISTAKES[mistake]
    (tmp_path / ".env").write_bytes(text if isinstance(text, bytes) else text.encode())

    said = ended(API, environment_without("API_PORT", "DATABASE_URL", "HEDGES"), tmp_path)

    assert said.returncode == EXIT_BAD_SETTINGS, said.stderr
    assert said.stderr.count("\n") == 1
    assert told in said.stderr
    assert [file.name for file in tmp_path.iterdir()] == [".env"]


@pytest.mark.parametrize("text", ["\ufeffAPI_PORT={port}\n", "\r\nAPI_PORT={port}\r\n"])
def test_a_settings_file_of_another_editor_counts(text: str, tmp_path: Path, taken_port: int) -> None:
    (tmp_path / ".env").write_bytes(text.format(port=taken_port).encode())

    said = ended(API, environment_without("API_PORT"), tmp_path)

    assert said.returncode == EXIT_PORT_TAKEN
    assert f"port {taken_port} is taken" in said.stderr


def test_without_a_settings_file_the_environment_is_enough(tmp_path: Path, taken_port: int) -> None:
    said = ended(API, {**os.environ, "API_PORT": str(taken_port)}, tmp_path)

    assert said.returncode == EXIT_PORT_TAKEN


@pytest.mark.parametrize("is_there", [True, False])
def test_a_folder_that_may_not_be_written_is_named(is_there: bool, tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    data_dir = locked if is_there else locked / "var"
    locked.mkdir(mode=0o500)

    said = ended((*permissions_hold(), *API), own_environment(data_dir, AUTOSTART="false"))

    assert said.returncode == EXIT_BOOKS_UNUSABLE
    (told,) = [line for line in said.stderr.splitlines() if not line.startswith("{")]
    assert str(data_dir) in told
    assert list(locked.iterdir()) == []
