"""Mishaps on purpose: writes that fail before their commit, or are committed and reported as failed.

Nothing of it happens unless DB_MISHAPS names a file; whoever tries the system's reliability writes it.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import random

from sqlalchemy.exc import OperationalError


@dataclass(frozen=True, slots=True, kw_only=True)
class Mishaps:
    """Of all writes, the shares that fail before their commit and that lose the answer to it."""

    fail: float = 0.0
    lose: float = 0.0


class Mischief:
    """Makes happen what `file` asks for, and writes down beside it what did; without a file, nothing."""

    def __init__(self, file: Path | None = None, dice: Callable[[], float] = random) -> None:
        self._file = file
        self._dice = dice

    def before_commit(self) -> None:
        """Raise as a database does that could not write."""
        if self._file and self._dice() < asked_for(self._file).fail:
            raise _mishap(self._file, "fail")

    def after_commit(self) -> None:
        """Raise as a database does whose answer was lost on the way."""
        if self._file and self._dice() < asked_for(self._file).lose:
            raise _mishap(self._file, "lose")


def asked_for(file: Path) -> Mishaps:
    """What `file` asks for; nothing while it is not there."""
    with suppress(FileNotFoundError):
        return Mishaps(**json.loads(file.read_text(encoding="utf-8")))
    return Mishaps()


def ask_for(file: Path, mishaps: Mishaps) -> None:
    """From now on these; a reader sees the old ones or the new, never a half."""
    unfinished = file.with_suffix(".new")
    unfinished.write_text(json.dumps({"fail": mishaps.fail, "lose": mishaps.lose}), encoding="utf-8")
    unfinished.replace(file)


def happened(file: Path) -> int:
    """How many mishaps there have been."""
    notes = _noted_beside(file)
    return len(notes.read_text(encoding="utf-8").splitlines()) if notes.exists() else 0


def _mishap(file: Path, kind: str) -> OperationalError:
    with _noted_beside(file).open("a", encoding="utf-8") as notes:
        notes.write(f"{kind}\n")
    return OperationalError("COMMIT", None, Exception("a mishap on purpose"))


def _noted_beside(file: Path) -> Path:
    return file.with_suffix(".happened")
