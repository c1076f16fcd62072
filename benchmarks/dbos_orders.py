"""The same eight stages as DBOS steps on SQLite: `python -m benchmarks.dbos_orders`, a small app of its own.

As a user of DBOS would write them. The steps are `async`: only those may have a timeout, and a sync call that
hangs would hold its thread. No books are kept beside those of DBOS itself.
"""

import logging
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any

import uvicorn
from fastapi import FastAPI
from sqlalchemy import Engine, event

from config.settings import load_settings
from domain.weather import AS_SET
from function_stubs.flaky import Dice, Roll, WeightedDice, flaky_call

CALLS = ("receive", "validate", "charge", "prepare", "dispatch", "ship", "deliver")
REVIEWED_AFTER = "validate"

CALL_TIMEOUT_SECONDS = 1.0

# With two calls of three in vain, DBOS's own three attempts would lose a third of the stages; twenty lose one
# stage in three thousand. The last pause is 2.7 s.
MOST_ATTEMPTS = 20
FIRST_PAUSE_SECONDS, BACKOFF = 0.1, 1.2

Step = Callable[[], Awaitable[None]]


class CountingDice:
    """Counts what it is asked."""

    def __init__(self, dice: Dice) -> None:
        self._dice = dice
        self.calls = 0

    def roll(self, call: str) -> Roll:
        self.calls += 1
        return self._dice.roll(call)


def build_app(dbos: Any, dice: CountingDice) -> FastAPI:
    """Return the app: an order is answered when it has ended."""
    app, reached = FastAPI(), list[str]()
    fulfil = _workflow(dbos, dice, reached)

    @app.post("/orders")
    async def place() -> dict[str, bool]:
        try:
            await fulfil()
        except dbos.error.DBOSMaxStepRetriesExceeded:
            return {"completed": False}
        return {"completed": True}

    @app.get("/tally")
    async def tally() -> dict[str, int]:
        return {"calls": dice.calls, "stages": len(reached)}

    @app.get("/healthz")
    async def healthz() -> None:
        """Here."""

    return app


def _workflow(dbos: Any, dice: Dice, reached: list[str]) -> Step:
    steps = {call: _step(dbos, dice, call) for call in CALLS}

    async def review() -> None:
        """Nobody speaks up: approved at once."""

    approve = dbos.DBOS.step(name="review")(review)

    async def order() -> None:
        for call, step in steps.items():
            await step()
            reached.append(call)
            if call == REVIEWED_AFTER:
                await approve()

    fulfilled: Step = dbos.DBOS.workflow(name="order")(order)
    return fulfilled


def _step(dbos: Any, dice: Dice, call: str) -> Step:
    async def flaky() -> None:
        await flaky_call(dice, call)

    step: Step = dbos.DBOS.step(
        name=call,
        retries_allowed=True,
        max_attempts=MOST_ATTEMPTS,
        interval_seconds=FIRST_PAUSE_SECONDS,
        backoff_rate=BACKOFF,
        timeout_seconds=CALL_TIMEOUT_SECONDS,
    )(flaky)
    return step


def write_ahead(database: Path) -> None:
    """SQLite waits for the disk as seldom as our Temporal server's does: when it folds its journal back."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode=wal")

    @event.listens_for(Engine, "connect")
    def sync_seldom(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA synchronous=NORMAL")


def main() -> None:
    """Serve until told to stop, by the dice of our own settings."""
    settings = load_settings()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    database = settings.data_dir / "dbos.db"
    write_ahead(database)
    dbos = import_module("dbos")
    url = f"sqlite:///{database}"
    dbos.DBOS(config={"name": "orders", "system_database_url": url, "log_level": "CRITICAL"})
    # Every attempt in vain is a warning with its traceback otherwise.
    logging.getLogger("dbos").setLevel(logging.CRITICAL)
    weather = AS_SET.over(settings)
    dice = WeightedDice(weather=lambda: weather, random=Random(settings.flaky_seed))
    app = build_app(dbos, CountingDice(dice))
    dbos.DBOS.launch()
    try:
        uvicorn.run(app, host="127.0.0.1", port=settings.api_port, log_level="critical", access_log=False)
    finally:
        dbos.DBOS.destroy()


if __name__ == "__main__":
    main()
