"""A start that cannot work says why, in one line a mistake, and loses nothing."""

import os
import socket
import subprocess
from pathlib import Path

import pytest

from benchmarks.running_system import ROOT


def start(data_dir: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DATA_DIR": str(data_dir), **settings}
    return subprocess.run(["./start"], cwd=ROOT, env=environment, capture_output=True, text=True)


@pytest.mark.slow
def test_each_bad_setting_is_one_line(tmp_path: Path) -> None:
    ended = start(tmp_path, HEDGES="many", API_PORT="0", REVIEW_MODE="perhaps")

    assert ended.returncode == 2
    assert [line.split(":")[0] for line in ended.stderr.splitlines()] == ["API_PORT", "HEDGES", "REVIEW_MODE"]


def test_a_taken_port_is_named_with_the_setting_that_moves_it(tmp_path: Path) -> None:
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        port = stranger.getsockname()[1]

        ended = start(tmp_path, API_PORT=str(port))

    assert ended.returncode == 3
    assert f"port {port} is taken" in ended.stderr
    assert "API_PORT" in ended.stderr
    assert not list(tmp_path.iterdir())
