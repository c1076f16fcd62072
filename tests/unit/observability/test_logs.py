"""Logs are events with fields, one line a record, for people or for machines."""

import json
import logging
from collections.abc import Iterator

import pytest

from config.settings import LogFormat
from observability.logs import configure_logging

log = logging.getLogger("a.room")


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_record_for_machines_is_one_json_object_with_its_fields(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging("INFO", LogFormat.JSON)

    log.info("stage.reached", extra={"order_id": 7, "note": "two\nlines"})

    written = json.loads(capsys.readouterr().err)
    assert written.pop("at")
    assert written == {
        "level": "INFO",
        "logger": "a.room",
        "event": "stage.reached",
        "order_id": 7,
        "note": "two\nlines",
    }


@pytest.mark.parametrize("style", LogFormat)
def test_a_record_is_one_line_though_its_fields_and_its_traceback_have_more(
    style: LogFormat, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging("INFO", style)

    try:
        raise ValueError("first\nsecond")
    except ValueError:
        log.exception("it.broke", extra={"note": "a\r\nb"})

    assert len(capsys.readouterr().err.splitlines()) == 1


def test_nothing_in_a_record_moves_a_terminals_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", LogFormat.HUMAN)

    log.info("request.answered", extra={"path": "/\x1b[2J\x9b\u202e", "city": "Köln"})

    written = capsys.readouterr().err.removesuffix("\n")
    assert written.isprintable()
    assert r"path=/\x1b[2J\x9b\u202e city=Köln" in written


def test_what_is_below_the_level_is_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("WARNING", LogFormat.HUMAN)

    log.info("too.quiet")
    log.warning("loud.enough")

    written = capsys.readouterr().err
    assert "loud.enough" in written
    assert "too.quiet" not in written
