"""The whole way, once: the project's files alone, then a running environment."""

import json
import os
import shutil
import stat
import subprocess
import time
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[3]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(os.name == "nt", reason="the shell scripts are not for Windows"),
]


def bootstrap(root: Path) -> tuple[float, str]:
    """Run it from elsewhere with nothing activated; return the seconds it took and what it told."""
    environ = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")}
    started = time.monotonic()
    told = subprocess.run(
        [root / "bootstrap.sh"], cwd="/", env=environ, check=True, stderr=subprocess.PIPE, text=True
    ).stderr
    return time.monotonic() - started, told


def test_a_bare_folder_becomes_an_environment_and_a_second_run_does_nothing(tmp_path: Path) -> None:
    root = tmp_path / "a project"
    shutil.copytree(PROJECT / "bootstrap", root / "bootstrap")
    for name in ("bootstrap.sh", "requirements.lock", "requirements-dev.lock", ".env.example"):
        shutil.copy(PROJECT / name, root)

    first_took, first_told = bootstrap(root)
    later = [bootstrap(root) for _ in range(3)]

    assert "Installing requirements.lock" in first_told
    assert [told for _, told in later] == ["", "", ""]
    # A second where an installation takes half a minute, and as many times less on a busy machine.
    assert min(seconds for seconds, _ in later) < first_took / 30
    assert stat.S_IMODE((root / ".env").stat().st_mode) == 0o600
    version = subprocess.run([root / ".venv/bin/temporal", "--version"], check=True, capture_output=True)
    assert version.stdout.startswith(b"temporal version")
    assert {"temporalio", "fastapi"} <= packages_of(root)
    assert "pytest" not in packages_of(root)


def packages_of(root: Path) -> set[str]:
    command = [str(root / ".venv/bin/python"), "-m", "pip", "list", "--format=json"]
    listed = subprocess.run(command, check=True, capture_output=True).stdout
    return {package["name"] for package in json.loads(listed)}
