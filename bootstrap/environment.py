"""The Python environment: `.venv` holding what a lock says, made once and remade when half-made."""

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any, Protocol

from bootstrap.exclusive import held_alone
from bootstrap.failures import SetupFailed
from bootstrap.places import DEV_LOCK, RUNTIME_LOCK, Places

OLDEST_PYTHON = (3, 11)

# The lock has wheels up to this one.
NEWEST_PYTHON = (3, 14)

# Wheels only: nothing is built, no package's own code runs while it is installed. Twice quiet: errors only.
PIP_OPTIONS = ("--require-hashes", "--only-binary=:all:", "--no-input", "--disable-pip-version-check", "-qq")


class Builder(Protocol):
    """What touches the world: makes an empty environment, installs a lock into it."""

    def make(self, folder: Path) -> None: ...

    def install(self, python: Path, lock: Path) -> None: ...


class Environment:
    """`.venv` and its stamp, which names the locks it holds and is there only between finished installs."""

    def __init__(self, places: Places, builder: Builder) -> None:
        self.places = places
        self.builder = builder
        self.stamp = places.venv / "bootstrap.json"

    def ensure(self, *, dev: bool) -> None:
        """`.venv` holds the runtime's lock, with `dev` the development one too; nothing is done twice.

        Raises SetupFailed.
        """
        if self.holds(dev=dev):
            return
        with held_alone(self.places.tools / "environment.lock"):
            if not self.holds(dev=dev):
                self._install(RUNTIME_LOCK, *([DEV_LOCK] if dev else []))

    def holds(self, *, dev: bool) -> bool:
        """Whether the stamp names the locks as they are now and the Python that is there."""
        stamped = self._stamped()
        wanted = self._fingerprint(RUNTIME_LOCK, *([DEV_LOCK] if dev else []))
        return wanted.items() <= stamped.items() and self.places.python.exists()

    def _install(self, *locks: str) -> None:
        """The last of `locks` is installed: it holds the pins of those before it."""
        if not self._is_whole():
            self.builder.make(self.places.venv)
        self.stamp.unlink(missing_ok=True)
        print(f"Installing {locks[-1]} (takes a minute, once) ...", file=sys.stderr)
        self.builder.install(self.places.python, self.places.root / locks[-1])
        unfinished = self.stamp.with_suffix(".part")
        unfinished.write_text(json.dumps(self._fingerprint(*locks)), encoding="utf-8")
        unfinished.replace(self.stamp)

    def _is_whole(self) -> bool:
        """Whether an install may build on what is there: it was finished once, with the same Python."""
        return self.places.python.exists() and self._stamped().get("python") == self._resolved_python()

    def _stamped(self) -> dict[str, Any]:
        try:
            return dict(json.loads(self.stamp.read_text(encoding="utf-8")))
        except (OSError, ValueError):
            return {}

    def _fingerprint(self, *locks: str) -> dict[str, str]:
        digests = {lock: hashlib.sha256((self.places.root / lock).read_bytes()).hexdigest() for lock in locks}
        return {"python": self._resolved_python(), **digests}

    def _resolved_python(self) -> str:
        """The interpreter behind the link: another one after the system's Python was replaced."""
        return str(self.places.python.resolve())


class PipBuilder:
    """The real one: venv and plain pip, both of the standard library."""

    def make(self, folder: Path) -> None:
        require_a_whole_python()
        print("Making .venv ...", file=sys.stderr)
        try:
            if folder.exists():
                shutil.rmtree(folder)
            venv.create(folder, symlinks=os.name != "nt")
        except OSError as error:
            raise SetupFailed(f"Cannot make {folder.name}: {error}") from None
        self._run(
            Places(folder.parent).python, "ensurepip", "--default-pip", instead="pip could not be set up"
        )

    def install(self, python: Path, lock: Path) -> None:
        options = (*PIP_OPTIONS, "--requirement", str(lock))
        self._run(python, "pip", "install", *options, instead=f"pip could not install {lock.name}")

    def _run(self, python: Path, module: str, *arguments: str, instead: str) -> None:
        """The module ran to its good end, apart from the user's own PYTHONPATH and packages."""
        command = [str(python), "-I", "-m", module, *arguments]
        if subprocess.run(command, stdout=subprocess.DEVNULL, close_fds=False).returncode:
            raise SetupFailed(f"{instead}; its own words are above. Run it again.")


def require_a_whole_python() -> None:
    """This Python can make environments. Raises SetupFailed naming what to install."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    if not OLDEST_PYTHON <= sys.version_info[:2] <= NEWEST_PYTHON:
        raise SetupFailed(f"Python 3.11 to 3.14 is needed, this is {version}")
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        raise SetupFailed(f"Python {version} cannot make environments here: apt install python{version}-venv")
