"""Each fault of the machine is named, with what to do about it."""

import os
import socket
from collections import namedtuple
from pathlib import Path

import pytest

from bootstrap import doctor
from bootstrap.environment import Environment, PipBuilder
from bootstrap.findings import Finding, Verdict
from bootstrap.places import RUNTIME_LOCK, Places
from bootstrap.temporal_cli import RELEASE
from config.settings import Settings
from diagnosis import machine
from diagnosis.__main__ import main
from engine.connection import EXIT_BAD_SETTINGS
from supervisor.ports import free_port

Usage = namedtuple("Usage", ["total", "used", "free"])


def assert_fault(finding: Finding, *, says: str, fix: str) -> None:
    assert finding.verdict is Verdict.FAULT, finding
    assert says in finding.what
    assert fix in finding.fix


def settings(folder: Path, **more: object) -> Settings:
    ports = {"api_port": free_port(), "temporal_port": free_port(), "temporal_ui_port": free_port()}
    return Settings.model_validate({"data_dir": folder / "var", **ports, **more})


def program(folder: Path, script: str) -> Path:
    file = folder / "temporal"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """A project with a finished environment."""
    places = Places(tmp_path)
    places.programs.mkdir(parents=True)
    places.python.touch()
    (tmp_path / RUNTIME_LOCK).write_text("one==1\n")
    environment = Environment(places, PipBuilder())
    environment.stamp.write_text("{}")
    return places


def test_no_environment_is_named(tmp_path: Path) -> None:
    (tmp_path / RUNTIME_LOCK).touch()

    _, environment = doctor.examine(Places(tmp_path))

    assert_fault(environment, says="no .venv", fix="./bootstrap.sh")


def test_an_environment_that_is_not_as_locked_is_named(places: Places) -> None:
    _, environment = doctor.examine(places)

    assert_fault(environment, says="not what requirements.lock says", fix="./bootstrap.sh")


def test_an_old_python_is_named(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bootstrap.environment.OLDEST_PYTHON", (99, 0))

    python, _ = doctor.examine(places)

    assert_fault(python, says="is needed", fix="install")


def test_each_bad_setting_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["doctor"])
    monkeypatch.setenv("HEDGES", "many")
    monkeypatch.setenv("API_PORT", "0")

    assert main() == EXIT_BAD_SETTINGS

    told = capsys.readouterr().out
    assert "fault settings: HEDGES" in told
    assert "fault settings: API_PORT" in told


def test_a_temporal_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    lost = settings(tmp_path, temporal_cli=tmp_path / "gone")

    assert_fault(machine.temporal_cli(lost), says=f"none at {tmp_path / 'gone'}", fix="TEMPORAL_CLI")


@pytest.mark.skipif(os.name == "nt", reason="the stand-in is a shell script")
def test_a_temporal_program_of_another_version_or_none_is_named(tmp_path: Path) -> None:
    other = program(tmp_path, "echo 'temporal version 0.1.0 (Server 1.0.0, UI 2.0.0)'")

    assert_fault(
        machine.temporal_cli(settings(tmp_path, temporal_cli=other)), says="0.1.0", fix=RELEASE.version
    )
    program(tmp_path, "exit 3")
    assert_fault(
        machine.temporal_cli(settings(tmp_path, temporal_cli=other)), says="does not run", fix=".venv"
    )


@pytest.mark.parametrize("setting", ["API_PORT", "TEMPORAL_PORT", "TEMPORAL_UI_PORT"])
def test_a_port_that_a_stranger_has_is_named(tmp_path: Path, setting: str) -> None:
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        taken = settings(tmp_path, **{setting.lower(): stranger.getsockname()[1]})

        found = {finding.subject: finding for finding in machine.ports(taken)}

    assert_fault(found.pop(setting), says="is taken", fix=f"set {setting}")
    assert {finding.verdict for finding in found.values()} == {Verdict.WELL}


def test_a_data_dir_that_is_no_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "var").touch()

    assert_fault(machine.room(settings(tmp_path)), says="not a folder", fix="DATA_DIR")


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(10**12, 10**12, machine.LEAST_FREE_BYTES - 1))

    assert_fault(machine.room(settings(tmp_path)), says="0.2 GB free", fix="DATA_DIR")


def test_a_disk_that_is_getting_full_is_no_fault_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(10**12, 10**12, machine.LEAST_FREE_BYTES))

    assert machine.room(settings(tmp_path)).verdict is Verdict.NOTE
