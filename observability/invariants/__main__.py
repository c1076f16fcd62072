"""`python -m observability.invariants [--database-url URL | --dump FILE] [...]`: what is broken."""

import argparse
import asyncio
import gc
import json
import sys
from datetime import timedelta
from pathlib import Path

from temporalio.service import RPCError

from config.settings import Settings
from db.database import Database
from db.reads import read_tag
from engine.connection import connect, first_line, settings_or_exit
from observability.invariants.checker import ALL, check
from observability.invariants.evidence import Evidence, from_database, from_dump, read_journal
from observability.invariants.histories import read_runs
from observability.invariants.runs import WorkflowRun

EXIT_UNREACHED = 2


def main() -> int:
    """Return 0 if every invariant holds, 1 if one does not, 2 if nothing was judged."""
    options = argparse.ArgumentParser(description=__doc__)
    books = options.add_mutually_exclusive_group()
    books.add_argument("--database-url", help="default: the one of the settings")
    books.add_argument("--dump", type=Path, help="instead of a database, what GET /db-dump answered")
    options.add_argument("--temporal", action="store_true", help="Temporal's histories too, replayed")
    options.add_argument("--journal", type=Path, help="what a client was told, a JSON object a line")
    options.add_argument("--running", action="store_true", help="orders may still be under way")
    given = options.parse_args()
    if given.dump and (given.temporal or given.journal):
        options.error("a dump says neither which workflows are its own, nor how it ended: judge it alone")
    try:
        evidence = _evidence(given)
    except (RPCError, RuntimeError) as error:
        print(f"Temporal does not answer: {first_line(error)}", file=sys.stderr)
        return EXIT_UNREACHED
    violations = check(evidence)
    for violation in violations:
        print(violation)
    # What was not there to be read has not been judged either.
    read = f"{len(evidence.orders)} orders, {len(evidence.runs)} histories, {len(evidence.answers)} answers"
    print(f"{read}: {len(ALL)} invariants, {len(violations)} violations")
    return 1 if violations else 0


def _evidence(given: argparse.Namespace) -> Evidence:
    if given.dump:
        return from_dump(json.loads(given.dump.read_text(encoding="utf-8")), is_final=not given.running)
    settings = settings_or_exit()
    url = given.database_url or settings.database_url
    return from_database(
        url,
        runs=asyncio.run(_runs(settings, url)) if given.temporal else (),
        answers=read_journal(given.journal) if given.journal else (),
        return_window=timedelta(seconds=settings.return_window_seconds),
        is_final=not given.running,
    )


async def _runs(settings: Settings, url: str) -> list[WorkflowRun]:
    """Every run of that database's orders, each replayed; the server is the one of the settings."""
    db = Database(url)
    try:
        tag = await db.read(read_tag)
    finally:
        db.close()
    return await read_runs(await connect(settings), tag)


if __name__ == "__main__":
    code = main()
    # The SDK's threads outlive an interpreter that still holds its client.
    gc.collect()
    sys.exit(code)
