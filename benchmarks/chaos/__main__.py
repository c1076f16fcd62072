"""`python -m benchmarks.chaos [--seed N] [--orders N] [--faults N] [--folder DIR [--minutes M]]`: under fire.

Starts a system of its own, has a crowd of customers order from it, strikes it with the faults of a schedule
that the seed decides, and judges what is left: the books, the providers' logs, Temporal's histories, what the
customers were told. A run in a folder of its own goes on where it was stopped, by hand or after so many
minutes. Returns 0 if every invariant holds and the run has shown something, 3 if it has yet to go on.
With `--still-open N` a round begins while N orders of those before it are still under way: that is quicker,
and a fault meets orders that have just recovered from another, but a stall may then be another fault's.
`--schedule` prints what would happen.
"""

import argparse
import asyncio
import signal
import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from random import Random

from benchmarks.chaos.books import Books
from benchmarks.chaos.customers import PatientClient
from benchmarks.chaos.faults import Faults
from benchmarks.chaos.record import Record, take_up
from benchmarks.chaos.report import report
from benchmarks.chaos.schedule import schedule
from benchmarks.chaos.siege import ENDS_WITHIN, Siege
from benchmarks.chaos.system import System
from config.settings import load_settings
from db.schema import migrate
from engine.connection import connect
from observability.invariants.checker import check
from observability.invariants.evidence import Evidence, from_database, read_journal
from observability.invariants.histories import at_rest, read_runs

# Short, so that moments fall into the stages rather than into the wait for the reviewer; and so that some
# returns come too late.
REVIEW_SECONDS = 0.3
RETURN_WINDOW = timedelta(seconds=3)

UNFINISHED = 3


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--orders", type=int, default=100)
    options.add_argument("--faults", type=int, default=12)
    options.add_argument("--folder", type=Path, help="kept, and gone on with; default: a temporary one")
    options.add_argument("--minutes", type=float, help="begin no round later than this")
    options.add_argument("--still-open", type=int, default=0, help="orders the next round does not wait for")
    options.add_argument("--schedule", action="store_true", help="print what would happen, and end")
    given = options.parse_args()
    # Whoever ends a long run by SIGTERM ends its system too, as by Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if given.schedule:
        print(*schedule(seed=given.seed, orders=given.orders, faults=given.faults), sep="\n")
        return 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = (given.folder or Path(temporary)).absolute()
        record = take_up(
            folder,
            seed=given.seed,
            orders=given.orders,
            faults=given.faults,
            still_open=given.still_open,
        )
        limit = timedelta(minutes=given.minutes) if given.minutes else None
        return asyncio.run(_run(record, limit))


async def _run(record: Record, limit: timedelta | None) -> int:
    system = System(record.data_dir, **_settings(record))
    system.sweep_up()
    try:
        await system.start()
        evidence = await _besiege(record, system, limit)
    finally:
        await system.end()
    violations = [*map(str, check(evidence)), *record.found]
    if len(record.struck) < record.faults:
        print(
            *violations, f"{len(record.struck)} of {record.faults} rounds; the same again goes on", sep="\n"
        )
        return 1 if violations else UNFINISHED
    lines, is_success = report(record, evidence, violations)
    print(*lines, sep="\n")
    return 0 if is_success else 1


def _settings(record: Record) -> dict[str, str]:
    return {
        "REVIEW_SECONDS": str(REVIEW_SECONDS),
        "RETURN_WINDOW_SECONDS": str(RETURN_WINDOW.total_seconds()),
        "FLAKY_SEED": str(record.seed),
        "DB_MISHAPS": str(_mishaps(record)),
        "LOG_FORMAT": "json",
    }


def _mishaps(record: Record) -> Path:
    return record.folder / "mishaps.json"


async def _besiege(record: Record, system: System, limit: timedelta | None) -> Evidence:
    """Return what the run left behind."""
    record.levels_before = record.levels_before or system.levels()
    earlier = read_journal(record.journal) if record.journal.exists() else []
    client, books = PatientClient(system.base_url, record.journal), Books(record.data_dir)
    client.answers += earlier
    # Another one whenever a run is taken up: its keys are not those of before the stop.
    random = Random(f"faults-{record.seed}-{len(earlier)}")
    faults = Faults(system, client, books, _mishaps(record), random)
    siege = Siege(record, system, client, books)
    rounds = schedule(seed=record.seed, orders=record.orders, faults=record.faults)
    await siege.run(rounds, faults, limit)
    books.close()
    await client.close()
    return await _evidence(record, system, client, siege)


async def _evidence(record: Record, system: System, client: PatientClient, siege: Siege) -> Evidence:
    settings = load_settings(system.environment)
    temporal, tag = await connect(settings), migrate(settings.database_url)
    await at_rest(temporal, tag, ENDS_WITHIN)
    return from_database(
        settings.database_url,
        answers=client.answers,
        return_window=RETURN_WINDOW,
        runs=await read_runs(temporal, tag),
        last_fault_at=record.struck[-1].healed_at,
        levels_before=record.levels_before,
        levels_after=system.levels(),
        earlier=siege.last_dump,
    )


if __name__ == "__main__":
    sys.exit(main())
