"""The API's entry point: wires the parts together and serves them; decides nothing.

May import: domain, config, db, engine, api, supervisor, observability.
"""

import argparse
import asyncio
import gc
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from functools import partial

from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError

from api.admission import Admission
from api.app import build_app
from api.context import Context, Processes
from api.desk import Desk
from api.feed import Feed
from api.serving import serve
from api.sweep import sweep_for_ever
from config.settings import Settings
from db.database import Database, PoolSizes
from db.mishaps import Mischief
from db.schema import BooksUnusable, migrate, open_books
from db.weather import write_forecast
from domain.faults import Fault
from domain.refusals import Refusal
from domain.weather import AS_SET
from engine.connection import settings_or_exit
from engine.link import TemporalLink
from engine.telemetry import set_up_the_core
from observability.logs import configure_logging
from observability.tracing import begin_tracing
from supervisor.ports import PortTaken, find_stranger
from supervisor.supervisor import Supervisor

log = logging.getLogger(__name__)

EXIT_PORT_TAKEN = 3
EXIT_BOOKS_UNUSABLE = 4

# Requests in flight may end; an open stream must not keep the process from stopping.
REQUESTS_MAY_END_WITHIN = timedelta(seconds=5)

# A connection closed sooner than its client expects is, now and then, closed under the client's next request.
IDLE_CONNECTIONS_LIVE = timedelta(seconds=75)


def create_app(settings: Settings, processes: Processes | None = None) -> FastAPI:
    """Return the application; everything it needs is opened when it starts and closed when it stops.

    `processes`: what starts and stops everything behind the API, unless that is the supervisor.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        tag = await asyncio.to_thread(migrate, settings.database_url)
        sizes = PoolSizes(writers=settings.db_writers, readers=settings.db_readers)
        db = Database(settings.database_url, sizes, Mischief(settings.db_mishaps))
        link = TemporalLink(settings)
        behind = processes or Supervisor(settings)
        desk = Desk(settings=settings, db=db, link=link, tag=tag)
        feed = Feed(db)
        app.state.context = Context(desk=desk, admission=Admission(db, settings), feed=feed, processes=behind)
        link.open()
        chores = [asyncio.create_task(sweep_for_ever(desk))]
        if settings.autostart:
            chores.append(asyncio.create_task(_autostart(behind)))
        try:
            yield
        finally:
            for chore in chores:
                chore.cancel()
            await asyncio.gather(*chores, return_exceptions=True)
            await feed.close()
            await link.close()
            await _stop(behind)
            await _settle_weather(db)
            db.close()
            # The SDK's threads outlive an interpreter that still holds its client.
            gc.collect()

    return build_app(lifespan, settings)


async def _autostart(processes: Processes) -> None:
    """A start that fails leaves the API up, to say what is missing and to be asked again."""
    try:
        await processes.start()
        log.info("server.ready")
    except (Refusal, Fault) as reason:
        log.error("server.not_started", extra={"why": str(reason)})


async def _stop(processes: Processes) -> None:
    """What another owner watches by now is not ours to stop, and no reason not to close the rest."""
    try:
        await processes.stop()
    except (Refusal, Fault) as reason:
        log.error("server.not_stopped", extra={"why": str(reason)})


async def _settle_weather(db: Database) -> None:
    """The weather that was asked for ends with the system that ran in it."""
    with suppress(SQLAlchemyError):
        await db.write(partial(write_forecast, forecast=AS_SET))


def main() -> None:
    """Serve until Ctrl-C or SIGTERM, then stop everything that was started."""
    _refuse_arguments()
    settings = settings_or_exit()
    set_up_the_core(configure_logging(settings.log_level, settings.log_format))
    begin_tracing(settings, "order-api")
    stranger = find_stranger(settings.api_host, settings.api_port)
    if stranger:
        print(PortTaken("API_PORT", stranger), file=sys.stderr)
        raise SystemExit(EXIT_PORT_TAKEN)
    _open_books(settings)
    log.info("api.starting", extra={"page": f"http://{settings.api_host}:{settings.api_port}/"})
    serve(
        create_app(settings),
        host=settings.api_host,
        port=settings.api_port,
        log_config=None,
        access_log=False,
        timeout_keep_alive=int(IDLE_CONNECTIONS_LIVE.total_seconds()),
        timeout_graceful_shutdown=int(REQUESTS_MAY_END_WITHIN.total_seconds()),
    )


def _refuse_arguments() -> None:
    """Settings are how it is told anything; a flag passed over in silence would be a false promise."""
    argparse.ArgumentParser(
        prog="start",
        description="Start the API, the Temporal server and the three workers; Ctrl-C stops them.",
        epilog="There are no options: settings come from the environment or .env; see .env.example.",
    ).parse_args()


def _open_books(settings: Settings) -> None:
    """The database is up to date, or the start ends with one line."""
    try:
        open_books(settings.database_url)
    except BooksUnusable as reason:
        print(reason, file=sys.stderr)
        raise SystemExit(EXIT_BOOKS_UNUSABLE) from None


if __name__ == "__main__":
    main()
