"""The life of a worker process: read the settings, connect, poll, drain when asked to stop."""

import asyncio
import gc
import logging
import os
import signal
import sys
from datetime import timedelta
from random import Random

from temporalio import workflow
from temporalio.common import WorkerDeploymentVersion

from activities.racing import Tools
from config.settings import Settings
from db.database import Database, PoolSizes
from db.mishaps import Mischief
from db.schema import BooksUnusable, open_books
from engine.connection import connect_with_patience, settings_or_exit
from engine.pollers import worker_identity
from engine.telemetry import set_up_the_core
from function_stubs.flaky import WeightedDice
from hedging.prometheus import PrometheusSink
from hedging.sinks import LogSink
from hedging.state import HedgeState
from observability.logs import configure_logging
from observability.tracing import begin_tracing
from workers.metrics import serve_metrics
from workers.spec import WorkerSpec, build_worker
from workers.weather import WeatherVane

log = logging.getLogger(__name__)

EXIT_BOOKS_UNUSABLE = 4


def main(spec: WorkerSpec) -> None:
    """Run the worker until SIGTERM or Ctrl-C; bad settings exit with 2 and one line a mistake, an
    unusable database with 4 and one line.
    """
    settings = settings_or_exit()
    style = configure_logging(settings.log_level, settings.log_format)
    set_up_the_core(style, serve_metrics(spec.queue, settings.metrics_port))
    begin_tracing(settings, spec.queue.worker)
    # An event's name is its name; what it is about stands in its fields.
    workflow.logger.workflow_info_on_message = workflow.logger.workflow_info_on_extra = False
    try:
        asyncio.run(_serve(spec, settings))
    except BooksUnusable as reason:
        print(reason, file=sys.stderr)
        raise SystemExit(EXIT_BOOKS_UNUSABLE) from None


async def _serve(spec: WorkerSpec, settings: Settings) -> None:
    stop = _stop_when_asked()
    await asyncio.to_thread(open_books, settings.database_url)
    vane = WeatherVane(settings)
    tools = build_tools(settings, vane)
    following = asyncio.create_task(vane.follow(tools.db))
    try:
        await _work_until(stop, spec, settings, tools)
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        tools.db.close()
        # The SDK's threads outlive an interpreter that still holds its client.
        gc.collect()


async def _work_until(stop: asyncio.Event, spec: WorkerSpec, settings: Settings, tools: Tools) -> None:
    stopping = asyncio.create_task(stop.wait())
    identity = worker_identity(spec.queue.worker, os.getpid())
    connecting = asyncio.create_task(connect_with_patience(settings, identity=identity))
    await asyncio.wait({stopping, connecting}, return_when=asyncio.FIRST_COMPLETED)
    if stop.is_set():
        connecting.cancel()
        return
    worker = build_worker(
        spec,
        await connecting,
        tools,
        activities=settings.worker_activities,
        version=_version(settings),
    )
    working = asyncio.create_task(worker.run())
    log.info("worker.polling", extra={"worker": spec.queue.worker, "queue": spec.queue})
    await asyncio.wait({stopping, working}, return_when=asyncio.FIRST_COMPLETED)
    await worker.shutdown()
    await working
    log.info("worker.drained", extra={"worker": spec.queue.worker})


def _version(settings: Settings) -> WorkerDeploymentVersion | None:
    if settings.worker_version is None:
        return None
    deployment, build = settings.worker_version
    return WorkerDeploymentVersion(deployment_name=deployment, build_id=build)


def build_tools(settings: Settings, vane: WeatherVane) -> Tools:
    """What this process's activities work with, by its settings and the weather."""
    return Tools(
        db=Database(
            settings.database_url,
            PoolSizes(writers=settings.db_writers, readers=settings.db_readers),
            Mischief(settings.db_mishaps),
        ),
        dice=WeightedDice(
            weather=lambda: vane.now,
            random=Random(settings.flaky_seed),  # noqa: S311 - dice, not secrets
        ),
        hedging=HedgeState(price=timedelta(seconds=settings.hedge_price_seconds)),
        hedges=lambda: vane.now.hedges,
        sinks=(LogSink(), PrometheusSink()),
    )


def _stop_when_asked() -> asyncio.Event:
    """Return the event that the first SIGTERM, Ctrl-C or, on Windows, Ctrl-Break sets."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in ("SIGTERM", "SIGINT", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: loop.call_soon_threadsafe(stop.set))
    return stop
