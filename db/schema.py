"""The schema is brought up to date by one process at a time, before anyone uses it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import Connection, create_engine, inspect, make_url, select, text, update
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from db.database import tune_sqlite
from db.models import Installation
from db.postgresql import patiently

# The newest migration; a test compares it with the migrations folder.
HEAD = "0004"

MIGRATIONS = Path(__file__).parent / "migrations"

# Any number will do, as long as every process of ours takes the same one.
POSTGRESQL_LOCK = 4_200_001

# PostgreSQL's word for a lock that was waited for in vain.
LOCK_NOT_AVAILABLE = "55P03"

# Whoever asks us to stop meanwhile has to wait as long.
SERVER_STARTS_WITHIN = timedelta(seconds=10)

# As long as another process that brings the database up to date is waited for.
MIGRATED_WITHIN = timedelta(seconds=60)


class BooksUnusable(Exception):
    """The database cannot be opened, read or written; one sentence, fit to be shown as it is."""


class AnotherIsAtIt(Exception):
    """Another process has been bringing the database up to date for too long."""


def open_books(url: str) -> None:
    """As migrate; whatever keeps it from being done is one sentence. Raises BooksUnusable."""
    where = make_url(url).render_as_string(hide_password=True)
    try:
        migrate(url)
    except AnotherIsAtIt as error:
        raise BooksUnusable(
            f"another process has been bringing the database {where} up to date for "
            f"{MIGRATED_WITHIN.total_seconds():g} s; start again once it is done, or end it if it hangs"
        ) from error
    except (SQLAlchemyError, OSError) as error:
        why = str(getattr(error, "orig", None) or error).partition("\n")[0]
        raise BooksUnusable(
            f"the database {where} cannot be used: {why}; nothing was changed. Mend that, put a copy in its "
            "place, or set DATABASE_URL to another"
        ) from error


def migrate(url: str) -> str:
    """Bring the database at `url` up to date, creating the file if need be; return its tag.

    A schema that is up to date is left alone, and Alembic is not even imported. A PostgreSQL server that is
    started together with us is waited for.
    """
    if make_url(url).get_backend_name() == "sqlite":
        return _migrate(url)
    return patiently(partial(_migrate, url), within=SERVER_STARTS_WITHIN)


def _migrate(url: str) -> str:
    engine = create_engine(url, hide_parameters=True)
    if engine.dialect.name == "sqlite":
        Path(make_url(url).database or "").parent.mkdir(parents=True, exist_ok=True)
        tune_sqlite(engine, "BEGIN IMMEDIATE")
    try:
        with _one_at_a_time(url), engine.connect() as connection, connection.begin():
            _advisory_lock(connection)
            if revision_of(connection) != HEAD:
                _upgrade(connection)
            _write_something(connection)
            return connection.execute(select(Installation.tag)).scalar_one()
    finally:
        engine.dispose()


@contextmanager
def _one_at_a_time(url: str) -> Iterator[None]:
    """SQLite's own lock covers a transaction; this one also covers creating the file and its journal mode."""
    if make_url(url).get_backend_name() != "sqlite":
        yield
        return
    lock = FileLock(f"{make_url(url).database}.migrating", timeout=MIGRATED_WITHIN.total_seconds())
    try:
        lock.acquire()
    except Timeout as late:
        raise AnotherIsAtIt from late
    try:
        yield
    finally:
        lock.release()


def _advisory_lock(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        patience = f"{MIGRATED_WITHIN.total_seconds():g}s"
        connection.execute(text("SELECT set_config('lock_timeout', :patience, true)"), {"patience": patience})
        try:
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": POSTGRESQL_LOCK})
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE:
                raise
            raise AnotherIsAtIt from error


def _write_something(connection: Connection) -> None:
    """SQLite opens a file that may only be read, and says so at the first write; that would be an order."""
    connection.execute(update(Installation).values(tag=Installation.tag))


def revision_of(connection: Connection) -> str | None:
    """Return the newest migration that the database has seen; None if it has seen none."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def known_revisions() -> frozenset[str]:
    """Return every migration there is."""
    return frozenset(file.name.partition("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, HEAD)
