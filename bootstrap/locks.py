"""Renew the three locks from pyproject.toml: `python -m bootstrap.locks [--upgrade]`, with uv on PATH."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from bootstrap.failures import SetupFailed, in_one_line
from bootstrap.places import DEV_LOCK, OTEL_LOCK, RUNTIME_LOCK, Places

# One lock for every platform and every Python from the oldest supported one on.
OPTIONS = (
    "--universal",
    "--generate-hashes",
    "--python-version=3.11",
    "--no-config",
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--custom-compile-command=python -m bootstrap.locks",
    "--quiet",
)


def renew(places: Places, *extra: str) -> None:
    """The locks say what pyproject.toml asks for; each but the first repeats the pins of those before it.

    Raises SetupFailed when uv is missing or finds no answer.
    """
    uv = shutil.which("uv")
    if uv is None:
        raise SetupFailed("uv is not on PATH: pip install uv")
    _compile(places.root, uv, f"--output-file={RUNTIME_LOCK}", *extra)
    traced = (f"--constraints={RUNTIME_LOCK}", "--extra=otel")
    _compile(places.root, uv, f"--output-file={OTEL_LOCK}", *traced, *extra)
    # Tests look at traces too, so development has all of it.
    tested = (*traced, f"--constraints={OTEL_LOCK}", "--group=dev")
    _compile(places.root, uv, f"--output-file={DEV_LOCK}", *tested, *extra)


def _compile(root: Path, uv: str, *options: str) -> None:
    command = [uv, "pip", "compile", "pyproject.toml", *OPTIONS, *options]
    if subprocess.run(command, cwd=root, env=_without_local_indexes()).returncode:
        raise SetupFailed("uv could not renew the locks; see its own words above")


def _without_local_indexes() -> dict[str, str]:
    """What is locked is what the public index has, whatever this machine is set to."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("UV_", "PIP_"))}


if __name__ == "__main__":
    with in_one_line():
        renew(Places.of_this_project(), *sys.argv[1:])
