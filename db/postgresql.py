"""What a PostgreSQL server is told, and which of its errors are worth another try."""

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from random import uniform
from typing import Any, TypeVar

from sqlalchemy import URL, Engine, ExceptionContext, event
from sqlalchemy.exc import DBAPIError, OperationalError

log = logging.getLogger(__name__)

T = TypeVar("T")

# A server that is there answers in milliseconds; libpq counts whole seconds.
CONNECT_WITHIN_SECONDS = 3

# As long as SQLite's writers wait for each other.
LOCK_WAIT_MILLISECONDS = 10_000

# A process that stops in the middle of a transaction holds its locks no longer than this.
STALLED_MILLISECONDS = 15_000

# A peer that went without a word (a cable, a firewall) would otherwise be waited for some two hours.
DEAD_PEER_FOUND = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}

# Serialization failure, deadlock, stalled: given up for the sake of other transactions. Then: no connection
# to be had, and the server going down, having crashed, coming up.
WORTH_ANOTHER_TRY = frozenset({"40001", "40P01", "25P03", "53300", "57P01", "57P02", "57P03"})
BROKEN_CONNECTION = "08"

# A restarted server is back within it; a longer outage is told to the caller, who has a patience of its own.
PATIENCE = timedelta(seconds=1.5)
SHORTEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.02, 0.4


def connection_options(url: URL, *, writes: bool) -> dict[str, Any]:
    """What each connection is opened with; what `url` itself says wins."""
    limits = {"lock_timeout": LOCK_WAIT_MILLISECONDS}
    if writes:
        # A reader may pause for as long as the client behind it does, and holds no lock that hurts.
        limits["idle_in_transaction_session_timeout"] = STALLED_MILLISECONDS
    ours = {
        "connect_timeout": CONNECT_WITHIN_SECONDS,
        "options": " ".join(f"-c {name}={value}" for name, value in limits.items()),
        **DEAD_PEER_FOUND,
    }
    return {name: value for name, value in ours.items() if name not in url.query}


def patiently(transaction: Callable[[], T], *, within: timedelta | None = None) -> T:
    """Return what `transaction` returns, tried again while the server gives it up for another's sake or dies.

    A commit whose answer was lost is tried again too: what it writes must be the same the second time.
    """
    ends_at = time.monotonic() + (within or PATIENCE).total_seconds()
    pause = SHORTEST_PAUSE_SECONDS
    while True:
        try:
            return transaction()
        except DBAPIError as error:
            if not is_worth_another_try(error) or time.monotonic() + pause > ends_at:
                raise
            log.info("database.tried_again", extra={"why": getattr(error.orig, "sqlstate", None) or "lost"})
        time.sleep(uniform(pause / 2, pause))  # noqa: S311 - so that two who met do not meet again
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


def is_worth_another_try(error: DBAPIError) -> bool:
    """Whether another transaction won, or the connection was lost or never made."""
    state = getattr(error.orig, "sqlstate", None)
    if state is None:
        return isinstance(error, OperationalError)
    return state in WORTH_ANOTHER_TRY or state.startswith(BROKEN_CONNECTION)


def keep_details_back(engine: Engine) -> None:
    """Its errors name what failed, without the server's DETAIL: the row that could not be written."""

    @event.listens_for(engine, "handle_error")
    def _shorten(context: ExceptionContext) -> None:
        diagnosis = getattr(context.original_exception, "diag", None)
        if diagnosis is None or diagnosis.message_primary is None:
            return
        context.original_exception.args = (diagnosis.message_primary,)
        if context.sqlalchemy_exception is not None:
            kind = type(context.original_exception).__name__
            context.sqlalchemy_exception.args = (f"({kind}) {diagnosis.message_primary}",)
