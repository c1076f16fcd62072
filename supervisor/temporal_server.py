"""The embedded Temporal server: its command line, and its database made before its first start."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.service import RPCError

from bootstrap.temporal_cli import find_temporal_cli
from config.attributes import SEARCH_ATTRIBUTES
from config.settings import Settings
from engine.connection import connect
from supervisor.faults import StartFault
from supervisor.ports import free_port
from supervisor.processes import ProcessSpec, ProcessTable, has_ended, kill
from supervisor.status import TEMPORAL

# A development server has one shard, whose queues it reads 20 times a second unless told otherwise: every
# step of a workflow would wait for that. A lone order causes under 50 reads a second; beyond 60, when many
# orders are under way, several steps share one. Its timers, and the pauses before a retry, it lets end up to
# a second late; 20 reads a second are enough for those. With one partition a task queue answers without a
# hop to the next. What this gains and costs: docs/decisions/0032.
DYNAMIC_CONFIG = {
    "history.transferProcessorMaxPollRPS": 60,
    "history.timerProcessorMaxTimeShift": '"10ms"',
    "matching.numTaskqueueReadPartitions": 1,
    "matching.numTaskqueueWritePartitions": 1,
    "history.hostLevelCacheMaxSize": 1000,
}

# The server lives on little and throws away much: at Go's own 100 it spends a sixth of its time collecting
# what it threw away, at 300 a third of that, for 170 MB. What this gains: docs/decisions/0033.
COLLECTS_AT = ("GOGC", "300")

# Write-ahead logging: a file is as fast as memory then, and nothing is lost when the server is killed.
SQLITE_PRAGMAS = {"journal_mode": "wal", "synchronous": 1}

# It takes 1.5 s when asked to end.
GRACE = timedelta(seconds=10)

# Making the database takes 0.4 s; this is for a machine that is busy with other things.
DATABASE_MADE_WITHIN = timedelta(seconds=40)
ASK_EVERY = timedelta(seconds=0.05)
ANSWER_WITHIN = timedelta(seconds=2)


class TemporalServer:
    """The server that `settings` ask for, with its database in DATA_DIR."""

    def __init__(self, settings: Settings, table: ProcessTable) -> None:
        """Raises StartFault when there is no `temporal` program."""
        cli = find_temporal_cli(settings.temporal_cli)
        if cli is None:
            raise StartFault("there is no temporal program: run the bootstrap, or set TEMPORAL_CLI")
        self._cli = cli
        self._settings = settings
        self._table = table
        self._database = settings.data_dir.absolute() / "temporal.db"

    def spec(self) -> ProcessSpec:
        """How the server is started to stay."""
        ui = ("--ui-port", str(self._settings.temporal_ui_port), "--ui-disable-news-fetch")
        return self._spec(self._settings.temporal_port, self._database, ui)

    async def make_database(self) -> None:
        """The database is there and complete; one that was there before is as it was.

        A server that is killed in its first start leaves a file without its tables, or with some of them, on
        which no later one starts. So the file is filled under another name, by a server nobody else knows of.
        Raises StartFault.
        """
        if self._database.exists() and self._database.stat().st_size:
            return
        unfinished = self._database.with_name("temporal.new.db")
        for database in (self._database, unfinished):
            _remove(database)
        await self._fill(unfinished)
        _fold_journal(unfinished)
        unfinished.replace(self._database)

    async def _fill(self, database: Path) -> None:
        port = free_port()
        process = self._table.spawn(self._spec(port, database, ("--headless",)))
        try:
            async with asyncio.timeout(DATABASE_MADE_WITHIN.total_seconds()):
                while not await self._is_complete(port):
                    if has_ended(process):
                        raise StartFault("the temporal server ended while its database was made")
                    await asyncio.sleep(ASK_EVERY.total_seconds())
        except TimeoutError:
            raise StartFault("the temporal server took too long to make its database") from None
        finally:
            # It has nothing to drain, and ending in order would take 1.5 s; its journal is complete.
            await kill(process)
            self._table.forget(TEMPORAL)

    async def _is_complete(self, port: int) -> bool:
        """The search attributes are the last that a server adds to a new database."""
        there = self._settings.model_copy(update={"temporal_port": port})
        with contextlib.suppress(RuntimeError, RPCError, TimeoutError):
            async with asyncio.timeout(ANSWER_WITHIN.total_seconds()):
                client = await connect(there)
                known = await client.operator_service.list_search_attributes(
                    ListSearchAttributesRequest(namespace=client.namespace)
                )
                return set(SEARCH_ATTRIBUTES) <= set(known.custom_attributes)
        return False

    def _spec(self, port: int, database: Path, ui: tuple[str, ...]) -> ProcessSpec:
        command = [str(self._cli), "server", "start-dev", "--log-level", "warn", "--color", "never"]
        command += ["--ip", "127.0.0.1", "--port", str(port), *ui, "--db-filename", str(database)]
        command += _repeated("--sqlite-pragma", SQLITE_PRAGMAS)
        command += _repeated("--dynamic-config-value", DYNAMIC_CONFIG)
        command += _repeated("--search-attribute", SEARCH_ATTRIBUTES)
        return ProcessSpec(name=TEMPORAL, command=tuple(command), defaults=(COLLECTS_AT,), grace=GRACE)


def _repeated(flag: str, values: Mapping[str, object]) -> list[str]:
    return [word for key, value in values.items() for word in (flag, f"{key}={value}")]


def _remove(database: Path) -> None:
    """Its journal too: SQLite would replay one that was left behind into the next file of that name."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)


def _fold_journal(database: Path) -> None:
    """Everything is in the one file, on the disk, and may be renamed with it; raises StartFault."""
    try:
        with contextlib.closing(sqlite3.connect(database)) as connection:
            busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.Error as error:
        raise StartFault(f"{database} cannot be completed: {error}") from error
    if busy:
        raise StartFault(f"{database} is in use by another program")
