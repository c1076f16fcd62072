"""What the pages under docs/ tell a person to type, typed."""

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from benchmarks.running_system import ROOT, RunningSystem, started

DOCS = ROOT / "docs"
BLOCK = re.compile(r"```(sh|json)\n(.*?)```", re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")

TYPED = ("tutorial.md", "operations.md")
MODULE = re.compile(r"python -m ([\w.]+)")

# It is how the system that is asked was started.
STARTED_ALREADY = "./start"


@dataclass(frozen=True, slots=True)
class Step:
    """A line to type, and what its answer is shown to be like."""

    command: str
    shown: dict[str, Any] | None


def steps(page: str) -> Iterator[Step]:
    blocks = BLOCK.findall((DOCS / page).read_text(encoding="utf-8"))
    for (kind, text), (next_kind, next_text) in pairwise([*blocks, ("", "")]):
        if kind == "sh":
            *lines, last = text.strip().splitlines()
            yield from (Step(line, None) for line in lines)
            yield Step(last, json.loads(next_text) if next_kind == "json" else None)


def typed(command: str, system: RunningSystem) -> str:
    """What it says, with the system's own port and folder in place of the usual ones."""
    environment = system.environment
    aimed = command.replace("localhost:8000", f"localhost:{environment['API_PORT']}")
    aimed = aimed.replace("var/logs", f"{environment['DATA_DIR']}/logs")
    done = subprocess.run(
        ["/bin/sh", "-c", aimed], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=90
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("page", TYPED)
def test_every_command_of_a_page_does_what_it_says(page: str, tmp_path: Path) -> None:
    with started(tmp_path / "var") as system:
        for step in steps(page):
            if step.command == STARTED_ALREADY:
                continue
            said = typed(step.command, system)
            if step.shown is not None:
                assert_like(json.loads(said), step)


def assert_like(answer: dict[str, Any], step: Step) -> None:
    """The same fields, and the same decision where there is one."""
    shown = step.shown or {}
    assert answer.keys() == shown.keys(), step.command
    for fixed in ("decision", "effect", "code", "order_id", "refund_cents"):
        assert answer.get(fixed) == shown.get(fixed), step.command


@pytest.mark.parametrize("page", sorted({page.name for page in DOCS.glob("*.md")} - set(TYPED)))
def test_what_takes_too_long_to_be_typed_here_is_at_least_there(page: str) -> None:
    """Benchmarks, the recording of histories, and what is told to a server elsewhere."""
    for step in steps(page):
        if module := MODULE.search(step.command):
            assert find_spec(module[1]), step.command
        else:
            assert step.command.split()[0] in ("rm", "temporal"), step.command


@pytest.mark.parametrize("page", [ROOT / "README.md", *sorted(DOCS.glob("*.md"))], ids=lambda page: page.name)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    targets = [page.parent / target for target in LINK.findall(page.read_text(encoding="utf-8"))]

    assert [target for target in targets if not target.exists()] == []
