"""The shell scripts as they are, in a folder where everything behind them is made up."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the shell scripts are not for Windows")

PROJECT = Path(__file__).resolve().parents[3]

TELLS_WHAT_IT_WAS_CALLED_WITH = (
    "import os, sys; print({name!r}, os.getcwd(), *sys.argv[1:]); sys.exit({code})"
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The scripts, with a bootstrap, checks and an API that only tell that they ran."""
    root = tmp_path / "a project"
    (root / "bootstrap").mkdir(parents=True)
    (root / ".venv/bin").mkdir(parents=True)
    for script in ("start", "test", "doctor", "bootstrap.sh"):
        shutil.copy(PROJECT / script, root)
    for name, code in (("bootstrap/__main__", 0), ("bootstrap/checks", 5), ("main", 7)):
        told = TELLS_WHAT_IT_WAS_CALLED_WITH.format(name=name, code=code)
        (root / f"{name}.py").write_text(told)
    (root / ".venv/bin/python").symlink_to(sys.executable)
    return root


def run(script: Path, *arguments: str, environ: Mapping[str, str] | None = None) -> tuple[int, list[str]]:
    """Run it from elsewhere; return its exit code and what it told, errors included."""
    command = [str(script), *arguments]
    environ = {"PATH": "/usr/bin:/bin", "PYTHON": sys.executable} if environ is None else environ
    done = subprocess.run(
        command, cwd="/", env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60
    )
    return done.returncode, done.stdout.splitlines()


def a_python(folder: Path, name: str, *, new_enough: bool) -> None:
    """A program of that name: this Python, or one that says of itself that it is too old."""
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n' if new_enough else "#!/bin/sh\nexit 1\n")
    program.chmod(0o755)


def test_the_doctor_sets_nothing_up(root: Path) -> None:
    code, told = run(root / "doctor", "--fix")

    assert told == [f"bootstrap/__main__ {root} --doctor --fix"]
    assert code == 0


def test_start_sets_up_then_becomes_the_api(root: Path) -> None:
    code, told = run(root / "start", "an argument")

    assert told == [f"bootstrap/__main__ {root}", f"main {root} an argument"]
    assert code == 7


def test_start_ends_where_the_bootstrap_fails(root: Path) -> None:
    (root / "bootstrap/__main__.py").write_text("raise SystemExit(3)")

    assert run(root / "start") == (3, [])


def test_start_leaves_no_shell_between_it_and_the_api(root: Path) -> None:
    (root / "main.py").write_text("import os; print(os.getpid())")
    (root / "bootstrap/__main__.py").write_text("")

    with subprocess.Popen([root / "start"], stdout=subprocess.PIPE, text=True) as started:
        told, _ = started.communicate(timeout=60)

    assert int(told) == started.pid


def test_test_sets_up_what_tests_need_then_checks(root: Path) -> None:
    code, told = run(root / "test", "--all", "-k", "a name")

    assert told == [f"bootstrap/__main__ {root} --dev", f"bootstrap/checks {root} --all -k a name"]
    assert code == 5


def test_a_python_too_old_is_passed_over_for_a_newer_one(root: Path, tmp_path: Path) -> None:
    a_python(tmp_path / "bin", "python3", new_enough=False)
    a_python(tmp_path / "bin", "python3.13", new_enough=False)
    a_python(tmp_path / "bin", "python3.12", new_enough=True)
    (tmp_path / "bin/dirname").symlink_to("/usr/bin/dirname")

    code, told = run(root / "bootstrap.sh", environ={"PATH": str(tmp_path / "bin")})

    assert (code, told) == (0, [f"bootstrap/__main__ {root}"])


def test_no_python_at_all_is_told_with_what_to_install(root: Path, tmp_path: Path) -> None:
    a_python(tmp_path / "bin", "python3", new_enough=False)
    (tmp_path / "bin/dirname").symlink_to("/usr/bin/dirname")

    code, told = run(root / "bootstrap.sh", environ={"PATH": str(tmp_path / "bin")})

    assert code == 1
    assert told[0] == "Python 3.11 to 3.14 is needed and was not found."
    assert "apt install python3 python3-venv" in told[1]


def test_a_chosen_python_counts_alone(root: Path, tmp_path: Path) -> None:
    a_python(tmp_path / "a folder", "mine", new_enough=True)
    a_python(tmp_path / "old", "mine", new_enough=False)

    chosen = run(
        root / "bootstrap.sh", environ={"PATH": "/usr/bin:/bin", "PYTHON": f"{tmp_path}/a folder/mine"}
    )
    too_old = run(root / "bootstrap.sh", environ={"PATH": "/usr/bin:/bin", "PYTHON": f"{tmp_path}/old/mine"})

    assert chosen == (0, [f"bootstrap/__main__ {root}"])
    assert too_old == (1, [f"PYTHON={tmp_path}/old/mine is not a Python 3.11 to 3.14."])
