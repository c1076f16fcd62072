"""What the README promises."""

import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from benchmarks.running_system import ROOT, RunningSystem, eventually, started

BLOCK = re.compile(r"```(sh|json)\n(.*?)```", re.DOTALL)
SECTION = re.compile(r"^### (.+)$", re.MULTILINE)


def operations() -> list[tuple[str, list[str], dict[str, Any] | None]]:
    """Return each operation of the README: its title, its commands, and the answer it shows for the last."""
    text = (ROOT / "README.md").read_text().split("## The operations")[1].split("\n## ")[0]
    _, *parts = SECTION.split(text)
    found = []
    for title, part in zip(parts[::2], parts[1::2], strict=True):
        blocks = dict(BLOCK.findall(part))
        shown = json.loads(blocks["json"]) if "json" in blocks else None
        found.append((title, blocks["sh"].splitlines(), shown))
    return found


def run(command: str, system: RunningSystem) -> str:
    aimed = command.replace("localhost:8000", f"localhost:{system.environment['API_PORT']}")
    return subprocess.run(shlex.split(aimed), check=True, capture_output=True, text=True).stdout


@pytest.mark.timeout(300)
def test_every_operation_of_the_readme_answers_as_it_says(tmp_path: Path) -> None:
    with started(tmp_path / "var", FLAKY_FAIL="0.3333", FLAKY_HANG="0.3333") as system:
        for title, commands, shown in operations():
            if title == "get_order":
                eventually(lambda: system.order(1)["status"] == "completed", "order 1 to complete")

            answers = [run(command, system) for command in commands]

            if shown is not None:
                assert_like(json.loads(answers[-1]), shown, title)


def assert_like(answer: dict[str, Any], shown: dict[str, Any], title: str) -> None:
    """The same fields, and the same decision where there is one."""
    assert answer.keys() == shown.keys(), title
    for fixed in ("decision", "effect", "code"):
        if fixed in shown and not title.startswith("test_"):
            assert answer[fixed] == shown[fixed], title
