"""`./doctor [--fix]`, or `python -m diagnosis`: what is wrong here, and what to do about it."""

import argparse
import asyncio
import gc
import sys
from collections.abc import AsyncIterator

from sqlalchemy.exc import SQLAlchemyError
from temporalio.client import Client
from temporalio.service import RPCError

from api.desk import Desk
from bootstrap.findings import Finding, fault, has_fault, note, well
from config.settings import BadSettings, Settings, load_settings
from db.database import Database
from db.schema import migrate
from diagnosis import books, machine, orders, temporal
from engine.connection import EXIT_BAD_SETTINGS, check_configuration
from engine.link import TemporalLink
from workflows.deeds import HEARTBEAT_TIMEOUT, TIME_TO_WRITE

EXIT_FAULT = 1


async def examine(settings: Settings, *, fix: bool = False) -> AsyncIterator[Finding]:
    """Yield what is found, the machine first; what depends on something that is broken is left out."""
    if settings.uses_embedded_temporal:
        yield machine.temporal_cli(settings)
    for finding in machine.ports(settings):
        yield finding
    yield machine.room(settings)
    of_the_books = list(books.examine(settings.database_url))
    for finding in of_the_books:
        yield finding
    client = await temporal.reach(settings)
    if isinstance(client, str):
        yield temporal.unreached(settings, client, machine.owner(settings))
        return
    async for finding in temporal.examine(client, settings):
        yield finding
    if any(finding.subject == "migrations" for finding in of_the_books) and not has_fault(of_the_books):
        async for finding in _orders(client, settings, fix=fix):
            yield finding


async def _orders(client: Client, settings: Settings, *, fix: bool) -> AsyncIterator[Finding]:
    tag, db = await asyncio.to_thread(migrate, settings.database_url), Database(settings.database_url)
    try:
        if fix:
            async for mended in _mend(client, settings, db, tag):
                yield mended
        yield orders.told_of_rolled_back(await orders.find_rolled_back(client, db, tag))
        yield orders.told_of_orphans(await orders.find_orphans(client, db, tag))
        yield orders.told_of_strays(await orders.find_strays(client, db, tag), tag)
    finally:
        db.close()


async def _mend(client: Client, settings: Settings, db: Database, tag: str) -> AsyncIterator[Finding]:
    rolled_back = await orders.find_rolled_back(client, db, tag)
    for one in rolled_back:
        await orders.end_rolled_back(client, one)
        yield note("rolled back", f"{one.order.order_id} is {one.order.status}; its workflow is ended")
    if rolled_back:
        # What was under way for them is over by then, or has heard of it; the books are read after that.
        await asyncio.sleep(max(HEARTBEAT_TIMEOUT, TIME_TO_WRITE).total_seconds())
    just_ended = [one.order.workflow_id for one in rolled_back]
    desk = Desk(settings=settings, db=db, link=TemporalLink(settings), tag=tag)
    for orphan in await orders.find_orphans(client, db, tag, just_ended=just_ended):
        await orders.take_up(client, desk, orphan)
        yield note("orders", f"{orphan.order.order_id} was {orphan.why}, and is taken up again")


async def _tell(settings: Settings, *, fix: bool) -> int:
    findings = []
    try:
        async for finding in examine(settings, fix=fix):
            findings.append(finding)
            print(finding, flush=True)
    except (RPCError, SQLAlchemyError, OSError) as error:
        findings.append(fault("doctor", f"broke off: {type(error).__name__}", "run it again"))
        print(findings[-1])
    # The SDK's threads outlive an interpreter that still holds its client.
    gc.collect()
    return EXIT_FAULT if has_fault(findings) else 0


def main() -> int:
    """Return 0 when nothing is wrong, 1 when something is, 2 when the settings are."""
    parser = argparse.ArgumentParser(prog="doctor", description=__doc__)
    parser.add_argument(
        "--fix", action="store_true", help="take up orders whose workflow was lost or rolled back"
    )
    given = parser.parse_args()
    try:
        settings = load_settings()
        check_configuration(settings)
    except BadSettings as bad:
        for mistake in bad.mistakes:
            print(fault("settings", mistake, "mend it in .env or the environment; see .env.example"))
        return EXIT_BAD_SETTINGS
    print(well("settings", "each makes sense"))
    return asyncio.run(_tell(settings, fix=given.fix))


if __name__ == "__main__":
    sys.exit(main())
