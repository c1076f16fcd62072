"""One door to the database: short transactions in threads, one writer a process on SQLite."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from db.mishaps import Mischief
from db.postgresql import connection_options, keep_details_back, patiently
from db.same_file import SameFile

A = TypeVar("A")
T = TypeVar("T")

# Longer than any of our transactions waits for another process's on a busy machine.
BUSY_TIMEOUT_MILLISECONDS = 10_000

# How SQLite is to begin a transaction.
WRITING, READING = "BEGIN IMMEDIATE", "BEGIN"

# A stream lasts as long as its reader takes, so it has connections of its own: the quick readers never wait.
STREAMS_AT_ONCE = 4

# The same on PostgreSQL, where a reader would otherwise see each of its statements' own moment. A writer must
# see what was committed while it waited for the order's row.
POSTGRESQL_ISOLATION = {WRITING: "READ COMMITTED", READING: "REPEATABLE READ"}


class TooManyStreams(Exception):
    """As many as may be are being read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolSizes:
    """How many transactions of each kind a process has under way at once, each on a connection of its own.

    SQLite has one writer whatever is said: it locks the file, PostgreSQL the row.
    """

    writers: int = 4
    readers: int = 4


DEFAULT_SIZES = PoolSizes()

NO_MISCHIEF = Mischief()


class Database:
    """Runs functions, each as one transaction, away from the event loop: writes on a connection, reads on a
    session.

    Where PostgreSQL gave one up or lost its connection, it is run again: what it writes must be written once
    by a unique key or a guarded move, and what it returns be the same then.
    """

    def __init__(self, url: str, sizes: PoolSizes = DEFAULT_SIZES, mischief: Mischief = NO_MISCHIEF) -> None:
        self.url = url
        self._mischief = mischief
        self._is_sqlite = make_url(url).get_backend_name() == "sqlite"
        writers = 1 if self._is_sqlite else sizes.writers
        self._writer = _engine(url, size=writers, begin=WRITING)
        self._reader = _engine(url, size=sizes.readers, begin=READING)
        self._streamer = _engine(url, size=STREAMS_AT_ONCE, begin=READING)
        self._hold_to_one_file()
        self._streams = BoundedSemaphore(STREAMS_AT_ONCE)
        self._writing = ThreadPoolExecutor(writers, thread_name_prefix="db-write")
        self._reading = ThreadPoolExecutor(sizes.readers, thread_name_prefix="db-read")
        self._read_session = sessionmaker(self._reader, expire_on_commit=False)
        self._stream_session = sessionmaker(self._streamer, expire_on_commit=False)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Return what `work` returns, once what it wrote is committed; if it raises, nothing is written.

        A session would take longer to be opened and closed than the statements of a stage take.
        """
        return await _in_thread(self._writing, self.write_now, work)

    async def read(self, query: Callable[[Session], T]) -> T:
        """Return what `query` returns, read from one snapshot."""
        return await _in_thread(self._reading, self.read_now, query)

    def write_now(self, work: Callable[[Connection], T]) -> T:
        """As write, in the calling thread."""

        def transaction() -> T:
            with self._writer.begin() as connection:
                written = work(connection)
                self._mischief.before_commit()
            self._mischief.after_commit()
            return written

        return self._run(transaction)

    def read_now(self, query: Callable[[Session], T]) -> T:
        """As read, in the calling thread."""

        def transaction() -> T:
            with self._read_session() as session:
                return query(session)

        return self._run(transaction)

    def stream(self, query: Callable[[Session], Iterator[T]]) -> Iterator[T]:
        """Yield what `query` yields, all of it read from one snapshot, in whichever thread asks.

        Raises TooManyStreams before the first when STREAMS_AT_ONCE others have not come to their end.
        """
        if not self._streams.acquire(blocking=False):
            raise TooManyStreams
        try:
            with self._stream_session() as session:
                yield from query(session)
        finally:
            self._streams.release()

    def _run(self, transaction: Callable[[], T]) -> T:
        """SQLite waits by itself, and has no connection to lose."""
        return transaction() if self._is_sqlite else patiently(transaction)

    def _hold_to_one_file(self) -> None:
        if self._is_sqlite:
            file = SameFile(Path(make_url(self.url).database or ""))
            for engine in (self._writer, self._reader, self._streamer):
                file.guard(engine)

    def close(self) -> None:
        """Let transactions under way end, then close every connection."""
        self._writing.shutdown()
        self._reading.shutdown()
        self._writer.dispose()
        self._reader.dispose()
        self._streamer.dispose()


async def _in_thread(threads: Executor, run: Callable[[A], T], given: A) -> T:
    """On whose behalf it is run is known in the thread too."""
    return await asyncio.get_running_loop().run_in_executor(threads, copy_context().run, run, given)


def _engine(url: str, *, size: int, begin: str) -> Engine:
    """Errors hide the parameters of what failed: addresses are among them, and errors end up in logs."""
    sqlite = make_url(url).get_backend_name() == "sqlite"
    options = {} if sqlite else _postgresql_options(url, begin)
    engine = create_engine(url, pool_size=size, max_overflow=0, hide_parameters=True, **options)
    if sqlite:
        tune_sqlite(engine, begin)
    else:
        keep_details_back(engine)
    return engine


def _postgresql_options(url: str, begin: str) -> dict[str, Any]:
    """A connection is asked whether it lives before it is used: a stream could not be begun again."""
    return {
        "pool_pre_ping": True,
        "isolation_level": POSTGRESQL_ISOLATION[begin],
        "connect_args": connection_options(make_url(url), writes=begin == WRITING),
    }


def tune_sqlite(engine: Engine, begin: str) -> None:
    """Make SQLite durable and patient, and transactions begin as `begin` says.

    A transaction that reads before it writes must take the write lock first: SQLite refuses to upgrade
    one at once, whatever the busy timeout.
    """

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MILLISECONDS}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        """Past the machinery that runs statements, which costs more than this one does."""
        try:
            connection.connection.driver_connection.execute(begin)  # type: ignore[union-attr]
        except sqlite3.Error as error:
            raise DBAPIError.instance(begin, None, error, sqlite3.Error) from error
