"""Workflow code must replay: no clock, no dice, no outside world but through `temporalio.workflow`.

Nothing else watches over it: the workers run without the sandbox.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
REPLAYED = [
    *PROJECT.glob("signals.py"),
    *(file for room in ("domain", "workflows") for file in sorted((PROJECT / room).rglob("*.py"))),
]

# A name bans everything below it, so "random" bans random.random too.
BANNED = {
    "os",
    "random",
    "secrets",
    "socket",
    "subprocess",
    "threading",
    "time",
    "uuid.uuid1",
    "uuid.uuid4",
    "datetime.date.today",
    "datetime.datetime.now",
    "datetime.datetime.today",
    "datetime.datetime.utcnow",
    "asyncio.as_completed",
    "asyncio.run",
    "asyncio.sleep",
    "asyncio.to_thread",
    "asyncio.wait",
}


def banned_uses_in(source: str) -> list[tuple[int, str]]:
    """The line and the full name of everything in `source` that a replay would see differently."""
    tree = ast.parse(source)
    meanings = dict(_imported_names(tree))
    expressions = [node for node in ast.walk(tree) if isinstance(node, ast.expr)]
    uses = {(node.lineno, name) for node in expressions for name in _full_names(node, meanings)}
    return sorted(use for use in uses if _is_banned(use[1]))


def _imported_names(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """What each name bound by an import stands for."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield (alias.asname, alias.name) if alias.asname else (alias.name.partition(".")[0],) * 2
        elif isinstance(node, ast.ImportFrom):
            yield from ((alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names)


def _full_names(node: ast.expr, meanings: dict[str, str]) -> Iterator[str]:
    if isinstance(node, ast.Name) and node.id in meanings:
        yield meanings[node.id]
    elif isinstance(node, ast.Attribute):
        yield from (f"{left}.{node.attr}" for left in _full_names(node.value, meanings))


def _is_banned(name: str) -> bool:
    parts = name.split(".")
    return any(".".join(parts[:length]) in BANNED for length in range(1, len(parts) + 1))


@pytest.mark.parametrize("file", REPLAYED, ids=lambda file: file.relative_to(PROJECT).as_posix())
def test_code_that_is_replayed_uses_no_clock_no_dice_and_no_outside_world(file: Path) -> None:
    assert banned_uses_in(file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("source", "use"),
    [
        ("import time\ntime.time()", "time.time"),
        ("import time as t\nt.monotonic()", "time.monotonic"),
        ("from time import sleep\nsleep(1)", "time.sleep"),
        ("import datetime\ndatetime.datetime.now()", "datetime.datetime.now"),
        ("from datetime import datetime as d, UTC\nd.now(UTC)", "datetime.datetime.now"),
        ("from datetime import date\ndate.today()", "datetime.date.today"),
        ("import uuid\nuuid.uuid4()", "uuid.uuid4"),
        ("from uuid import uuid4\nid = uuid4", "uuid.uuid4"),
        ("from random import Random\nRandom()", "random.Random"),
        ("import os.path\nos.path.exists('x')", "os.path.exists"),
        ("import asyncio\nasyncio.sleep(1)", "asyncio.sleep"),
        ("def f():\n    from asyncio import wait as w\n    return w([])", "asyncio.wait"),
        ("import asyncio\nasyncio.as_completed([])", "asyncio.as_completed"),
    ],
)
def test_each_banned_use_is_found_under_whatever_name(source: str, use: str) -> None:
    assert use in [name for _, name in banned_uses_in(source)]


@pytest.mark.parametrize(
    "source",
    [
        "from temporalio import workflow\nworkflow.now(); workflow.uuid4(); workflow.random()",
        "import asyncio\nasyncio.wait_for(asyncio.Event().wait(), 1); asyncio.gather()",
        "from datetime import datetime, timedelta\nat: datetime = datetime.fromisoformat('x')",
        "from uuid import UUID\nUUID('x')",
        "def f(time, os): return time.time + os.path",
    ],
)
def test_what_a_replay_sees_alike_is_allowed(source: str) -> None:
    assert banned_uses_in(source) == []


def test_no_workflow_writes_before_the_server_knows_why() -> None:
    """A local activity commits before the workflow task it runs in is reported; see decision 0011."""
    stories = [path.read_text() for path in sorted((PROJECT / "workflows").glob("*.py"))]

    assert stories
    assert not [story for story in stories if "local_activity" in story]
