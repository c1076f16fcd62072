"""New books for a test, without migrating each from nothing."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from secrets import token_hex

from db.schema import migrate


def make_blank(file: Path) -> Path:
    """Bring a new database up to date; it holds nothing but its tag."""
    migrate(f"sqlite:///{file}")
    return file


def copy_blank(blank: Path, to: Path) -> Path:
    """Copy the database and give the copy a tag of its own, so that it meets no other's workflows."""
    shutil.copyfile(blank, to)
    with closing(sqlite3.connect(to)) as connection, connection:
        connection.execute("UPDATE installation SET tag = ?", [token_hex(4)])
    return to
