"""The database: can it be opened, is it whole, is it held by somebody, are its tables of today?"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, create_engine, func, make_url, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from bootstrap.findings import Finding, fault, has_fault, note, well
from db.books import now
from db.models import Event
from db.postgresql import connection_options
from db.schema import HEAD, known_revisions, revision_of

Now = Callable[[], datetime]

# A transaction of ours takes milliseconds.
LOCKED_FOR = timedelta(seconds=2)

# Order times are compared across machines; the budget is 15 s.
CLOCKS_MAY_DIFFER_BY = timedelta(seconds=2)

RESTORE = "stop the system, put a backup in its place; without one move it away, and ./start makes a new one"
SET_THE_CLOCKS = "let every machine set its clock by NTP"


def examine(url: str, clock: Now = now) -> Iterator[Finding]:
    """Say what is wrong with the database at `url`; nothing is written, and none is made."""
    parsed = make_url(url)
    is_sqlite = parsed.get_backend_name() == "sqlite"
    if is_sqlite:
        file = Path(parsed.database or "")
        if not file.exists():
            yield note("database", f"there is none at {file} yet", "./start makes it")
            return
        whole = _file(file)
        yield whole
        if has_fault([whole]):
            return
    options = {} if is_sqlite else {"connect_args": connection_options(parsed, writes=False)}
    engine = create_engine(url, poolclass=NullPool, hide_parameters=True, **options)
    try:
        with engine.connect() as connection:
            yield from _contents(connection, clock)
    except SQLAlchemyError as error:
        why = str(getattr(error, "orig", None) or error).partition("\n")[0]
        yield fault("database", f"cannot be read: {why}", "start its server, or mend DATABASE_URL")


def _file(file: Path) -> Finding:
    """SQLite's own word on its file, and whether it lets us write."""
    try:
        uri = f"{file.absolute().as_uri()}?mode=rw"
        with closing(sqlite3.connect(uri, uri=True, timeout=LOCKED_FOR.total_seconds())) as opened:
            said = opened.execute("PRAGMA quick_check(1)").fetchone()[0]
            opened.execute("BEGIN IMMEDIATE")
            opened.execute("CREATE TABLE written_by_the_doctor (id)").connection.rollback()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            return fault("database", f"{file} is locked by another program", "end that program's transaction")
        return fault("database", f"{file} cannot be opened: {error}", f"chown or chmod {file}")
    except sqlite3.DatabaseError as error:
        return fault("database", f"{file} is damaged: {error}", RESTORE)
    if said != "ok":
        return fault("database", f"{file} is damaged: {said.partition(chr(10))[0]}", RESTORE)
    return well("database", f"{file} is whole")


def _contents(connection: Connection, clock: Now) -> Iterator[Finding]:
    tables = _tables(connection)
    yield tables
    if connection.dialect.name == "postgresql":
        told = connection.execute(select(func.clock_timestamp())).scalar_one()
        yield compared("database's clock", told, clock())
    if not has_fault([tables]):
        yield _newest_event(connection, clock())


def _tables(connection: Connection) -> Finding:
    found = revision_of(connection)
    if found == HEAD:
        return well("migrations", f"at {HEAD}")
    if found in known_revisions() or found is None:
        behind = f"at {found or 'none'}, {HEAD} is needed"
        return fault("migrations", behind, "./start brings the tables up to date (stop the old system first)")
    return fault("migrations", f"at {found}, which this code does not know", "bring the code up to date")


def _newest_event(connection: Connection, ours: datetime) -> Finding:
    """Whoever wrote it has a clock of its own; a future event betrays one that is ahead."""
    at = connection.execute(select(Event.at).order_by(Event.id.desc()).limit(1)).scalar()
    if at is not None and at - ours > CLOCKS_MAY_DIFFER_BY:
        ahead = f"the newest event is {(at - ours).total_seconds():.0f} s in the future"
        return fault("workers' clocks", ahead, SET_THE_CLOCKS)
    return well("workers' clocks", "no event is of the future")


def compared(subject: str, theirs: datetime, ours: datetime) -> Finding:
    """Whether their clock says what ours does."""
    apart = theirs - ours
    if abs(apart) > CLOCKS_MAY_DIFFER_BY:
        return fault(subject, f"{apart.total_seconds():+.0f} s from ours", SET_THE_CLOCKS)
    return well(subject, "as ours")
