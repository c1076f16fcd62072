import os
from pathlib import Path

import pytest

from bootstrap.failures import SetupFailed
from bootstrap.places import Places
from bootstrap.temporal_cli import (
    NAMES_OF_ANOTHER_SERVER,
    PROGRAM,
    RELEASE,
    ensure_temporal_cli,
    fetched_program,
    find_temporal_cli,
)
from config.settings import Settings
from tests.unit.bootstrap.archive_server import Site


@pytest.fixture(autouse=True)
def nothing_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")


def put_a_program_at(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    path.chmod(0o755)
    return path


def test_the_first_place_that_has_the_program_wins(
    places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configured = put_a_program_at(tmp_path / "mine")
    beside_python = put_a_program_at(tmp_path / "bin" / PROGRAM)
    on_path = put_a_program_at(tmp_path / "path" / PROGRAM)
    fetched = put_a_program_at(fetched_program(places, RELEASE))
    monkeypatch.setenv("PATH", str(on_path.parent))

    found = [find_temporal_cli(configured, programs=beside_python.parent, places=places)]
    for next_to_go in (beside_python, on_path, fetched):
        found.append(find_temporal_cli(None, programs=beside_python.parent, places=places))
        next_to_go.unlink()

    assert found == [configured, beside_python, on_path, fetched]
    assert find_temporal_cli(None, programs=beside_python.parent, places=places) is None


def test_a_configured_program_that_is_missing_is_not_replaced_by_another(
    places: Places, tmp_path: Path
) -> None:
    put_a_program_at(tmp_path / "bin" / PROGRAM)

    assert find_temporal_cli(tmp_path / "nowhere", programs=tmp_path / "bin", places=places) is None


@pytest.mark.skipif(os.name == "nt", reason="on Windows every file counts as a program")
def test_a_file_that_may_not_be_run_is_no_program(places: Places, tmp_path: Path) -> None:
    put_a_program_at(tmp_path / "mine").chmod(0o644)

    assert find_temporal_cli(tmp_path / "mine", places=places) is None


@pytest.mark.parametrize("name", NAMES_OF_ANOTHER_SERVER)
def test_a_server_elsewhere_needs_no_program_here_and_the_settings_agree(name: str, places: Places) -> None:
    ensure_temporal_cli(places, {name: "elsewhere"}, fetched_here=None)

    assert not Settings(temporal_environment={name: "elsewhere"}).uses_embedded_temporal


def test_a_wrong_temporal_cli_is_named_and_nothing_is_fetched(places: Places, site: Site) -> None:
    with pytest.raises(SetupFailed, match="TEMPORAL_CLI: there is no program at nowhere"):
        ensure_temporal_cli(places, {"TEMPORAL_CLI": "nowhere"}, site.true_release())

    assert site.asked == 0


def test_a_program_that_is_there_is_not_fetched(places: Places, site: Site) -> None:
    put_a_program_at(places.programs / PROGRAM)

    ensure_temporal_cli(places, {}, site.true_release())

    assert site.asked == 0


def test_where_a_package_brings_the_program_a_missing_one_is_told(places: Places) -> None:
    with pytest.raises(SetupFailed, match="was not found"):
        ensure_temporal_cli(places, {}, fetched_here=None)


def test_a_missing_program_is_fetched_once(places: Places, site: Site) -> None:
    ensure_temporal_cli(places, {}, site.true_release())
    ensure_temporal_cli(places, {}, site.true_release())

    program = fetched_program(places, site.true_release())
    assert program.read_bytes() == b"the program"
    assert os.access(program, os.X_OK)
    assert site.asked == 1
