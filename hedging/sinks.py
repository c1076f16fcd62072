"""Attempts as log records."""

import logging
from dataclasses import asdict

from hedging.records import AttemptRecord

log = logging.getLogger(__name__)


class LogSink:
    """One quiet `hedge.attempt` a record, its fields as `extra`; only a stray is a warning."""

    def record(self, record: AttemptRecord) -> None:
        level = logging.WARNING if record.is_stray else logging.DEBUG
        if log.isEnabledFor(level):
            log.log(level, "hedge.attempt", extra=asdict(record))
