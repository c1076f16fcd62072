"""Whether SQLite still writes into the file that others see."""

from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError

Identity = tuple[int, int]


class BooksGone(OperationalError):
    """The file was deleted, moved or replaced: what would be written into it now would be lost."""

    def __init__(self, file: Path) -> None:
        told = f"{file} is not the file that was opened: put that back, or stop and start again"
        super().__init__(None, None, Exception(told))


class SameFile:
    """Knows the file at `path` again: since it was made, or since the first connection made it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = _identity(path)

    def guard(self, engine: Engine) -> None:
        """Whoever takes a connection of `engine`, or would make one, looks first; raises BooksGone."""
        event.listen(engine, "do_connect", self._look)
        event.listen(engine, "checkout", self._look)

    def _look(self, *_: Any) -> None:
        now = _identity(self._path)
        self._known = self._known or now
        if now != self._known:
            raise BooksGone(self._path)


def _identity(path: Path) -> Identity | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
