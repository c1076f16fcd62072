import importlib.util
import os
import shutil
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from bootstrap.environment import NEWEST_PYTHON, OLDEST_PYTHON, Environment, PipBuilder
from bootstrap.failures import SetupFailed
from bootstrap.places import Places


class Builder:
    """Builds by writing it down."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.deeds: list[str] = []
        self.while_installing: Callable[[], None] = lambda: None
        self.system_python = Path(sys.executable).resolve()

    def make(self, folder: Path) -> None:
        self.deeds.append("make")
        self.places.programs.mkdir(parents=True, exist_ok=True)
        self.places.python.unlink(missing_ok=True)
        self.places.python.symlink_to(self.system_python)

    def install(self, python: Path, lock: Path) -> None:
        self.deeds.append(lock.name)
        self.while_installing()


@pytest.fixture
def builder(places: Places) -> Builder:
    return Builder(places)


@pytest.fixture
def environment(places: Places, builder: Builder) -> Environment:
    return Environment(places, builder)


def assert_set(event: threading.Event) -> None:
    assert event.wait(timeout=10)


MADE = ["make", "requirements.lock"]
MADE_FOR_TESTS = ["make", "requirements-dev.lock"]


def test_a_bare_folder_gets_an_environment_with_the_lock(environment: Environment, builder: Builder) -> None:
    environment.ensure(dev=False)

    assert builder.deeds == MADE


def test_a_second_run_does_nothing(environment: Environment, builder: Builder) -> None:
    environment.ensure(dev=False)
    environment.ensure(dev=False)

    assert builder.deeds == MADE


def test_a_changed_lock_is_installed_into_the_same_environment(
    environment: Environment, builder: Builder, places: Places
) -> None:
    environment.ensure(dev=False)
    (places.root / "requirements.lock").write_text("one==2\n")
    environment.ensure(dev=False)

    assert builder.deeds == [*MADE, "requirements.lock"]


def test_what_the_tests_need_contains_what_the_system_needs(
    environment: Environment, builder: Builder
) -> None:
    environment.ensure(dev=True)
    environment.ensure(dev=False)

    assert builder.deeds == MADE_FOR_TESTS


def test_what_the_tests_need_is_added_to_what_is_there(environment: Environment, builder: Builder) -> None:
    environment.ensure(dev=False)
    environment.ensure(dev=True)

    assert builder.deeds == [*MADE, "requirements-dev.lock"]


def test_a_changed_lock_is_installed_for_the_tests_too(
    environment: Environment, builder: Builder, places: Places
) -> None:
    environment.ensure(dev=True)
    (places.root / "requirements.lock").write_text("one==2\n")
    environment.ensure(dev=True)

    assert builder.deeds == [*MADE_FOR_TESTS, "requirements-dev.lock"]


@pytest.mark.parametrize("end", [KeyboardInterrupt, SetupFailed])
def test_an_interrupted_install_is_redone_from_nothing(
    end: type[BaseException], environment: Environment, builder: Builder
) -> None:
    def interrupt() -> None:
        raise end

    builder.while_installing = interrupt
    with pytest.raises(end):
        environment.ensure(dev=False)
    builder.while_installing = lambda: None

    environment.ensure(dev=False)

    assert builder.deeds == [*MADE, *MADE]


def test_an_interrupted_renewal_is_redone_from_nothing(
    environment: Environment, builder: Builder, places: Places
) -> None:
    environment.ensure(dev=False)
    stamp_while_installing: list[bool] = []
    builder.while_installing = lambda: stamp_while_installing.append(environment.stamp.exists())
    (places.root / "requirements.lock").write_text("one==2\n")
    environment.ensure(dev=False)

    assert stamp_while_installing == [False]


def test_an_unreadable_stamp_is_no_stamp(environment: Environment, builder: Builder) -> None:
    environment.ensure(dev=False)
    environment.stamp.write_text('{"python"')
    environment.ensure(dev=False)

    assert builder.deeds == [*MADE, *MADE]


@pytest.mark.skipif(os.name == "nt", reason="Windows copies the interpreter")
def test_an_environment_whose_python_was_replaced_is_made_anew(
    environment: Environment, builder: Builder, tmp_path: Path
) -> None:
    environment.ensure(dev=False)
    builder.system_python = tmp_path / "python3.99"
    builder.system_python.write_bytes(b"")
    builder.places.python.unlink()
    builder.places.python.symlink_to(builder.system_python)
    environment.ensure(dev=False)

    assert builder.deeds == [*MADE, *MADE]


def test_two_at_once_install_once(
    environment: Environment, builder: Builder, monkeypatch: pytest.MonkeyPatch
) -> None:
    second_waits = threading.Event()
    monkeypatch.setattr("bootstrap.exclusive.time.sleep", lambda _: second_waits.set())
    builder.while_installing = lambda: assert_set(second_waits)
    both = [threading.Thread(target=environment.ensure, kwargs={"dev": False}) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(timeout=20)

    assert builder.deeds == MADE
    assert environment.holds(dev=False)


def test_a_python_without_ensurepip_names_the_package_to_install(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "ensurepip" else object())

    with pytest.raises(SetupFailed, match=r"apt install python3\.\d+-venv$"):
        PipBuilder().make(places.venv)
    assert not places.venv.exists()


@pytest.mark.parametrize(("bound", "value"), [("OLDEST_PYTHON", (4, 0)), ("NEWEST_PYTHON", (3, 10))])
def test_a_python_too_old_or_too_new_is_told_its_version(
    places: Places, monkeypatch: pytest.MonkeyPatch, bound: str, value: tuple[int, int]
) -> None:
    monkeypatch.setattr(f"bootstrap.environment.{bound}", value)

    with pytest.raises(SetupFailed, match="is needed, this is 3"):
        PipBuilder().make(places.venv)


@pytest.mark.parametrize("script", ["bootstrap.sh", "bootstrap.ps1"])
def test_the_scripts_look_for_the_pythons_that_are_taken(script: str) -> None:
    text = (Places.of_this_project().root / script).read_text(encoding="utf-8")

    assert f"{OLDEST_PYTHON} <= sys.version_info[:2] <= {NEWEST_PYTHON}" in text


def test_a_failing_pip_is_told_with_the_lock_s_name(places: Places, tmp_path: Path) -> None:
    failing = tmp_path / "python"
    failing.symlink_to(shutil.which("false") or "nowhere")

    with pytest.raises(SetupFailed, match=r"pip could not install requirements\.lock"):
        PipBuilder().install(failing, places.root / "requirements.lock")
