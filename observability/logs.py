"""One line a record, for people or for machines, always to standard error."""

import logging
import sys
from datetime import UTC, datetime

from asgi_correlation_id import correlation_id
from pythonjsonlogger.json import JsonFormatter

from config.settings import LogFormat

# What every record has anyway, and a second, coloured copy of uvicorn's; the rest are the event's own fields.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}

# Libraries that tell at INFO what only concerns themselves.
_QUIET = ("alembic", "httpx", "filelock")


def configure_logging(level: str, style: LogFormat | None) -> LogFormat:
    """Send every record of this process to standard error; return its style.

    `style` None: human on a terminal, else JSON.
    """
    if style is None:
        style = LogFormat.HUMAN if sys.stderr.isatty() else LogFormat.JSON
    destination = logging.StreamHandler(sys.stderr)
    destination.addFilter(_on_whose_behalf)
    destination.setFormatter(HumanFormatter() if style is LogFormat.HUMAN else json_formatter())
    logging.basicConfig(level=level, handlers=[destination], force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    return style


class HumanFormatter(logging.Formatter):
    """Time, level, event, then its fields as name=value; what would move a terminal's cursor is escaped."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line; a traceback, where there is one, follows escaped on the same."""
        fields = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        told = " ".join(f"{name}={value}" for name, value in fields.items())
        trouble = f" {self.formatException(record.exc_info)}" if record.exc_info else ""
        line = f"{_moment(record)} {record.levelname:<7} {record.getMessage()} {told}{trouble}".rstrip()
        if line.isprintable():
            return line
        return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in line)


def _on_whose_behalf(record: logging.LogRecord) -> bool:
    """Give the record the id of the request behind it, where there is one."""
    if (current := correlation_id.get()) is not None:
        record.correlation_id = current
    return True


def json_formatter() -> logging.Formatter:
    return JsonFormatter(
        "%(levelname)s %(name)s %(message)s",
        rename_fields={"levelname": "level", "name": "logger", "message": "event"},
        timestamp="at",
        reserved_attrs=[*_STANDARD],
    )


def _moment(record: logging.LogRecord) -> str:
    return (
        datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )
