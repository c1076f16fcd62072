"""Histories that earlier code made, kept as files.

Made by `RECORD_HISTORIES=1 python -m pytest tests/replay/test_replay.py`. Those of earlier code stay
for as long as an order may be open that began under it; see docs/changing-workflows.md.
"""

import os
import re
from pathlib import Path

from temporalio.client import WorkflowHistory

FOLDER = Path(__file__).parent / "histories"
FILES = sorted(FOLDER.glob("*.json"))

# A worker's name and the folders in a traceback tell of the machine it ran on, and nothing to a replay.
OF_THE_MACHINE = (
    (re.compile(r'("identity": ?)"[^"]*"'), r'\1"a worker"'),
    (re.compile(r'("name": ?)"\d+@[^"]*"'), r'\1"a worker"'),
    (re.compile(r'("stackTrace": ?)"(?:[^"\\]|\\.)*"'), r'\1""'),
)


def keep_if_asked(history: WorkflowHistory) -> None:
    """What a test has replayed becomes what later code has to replay."""
    if not os.environ.get("RECORD_HISTORIES"):
        return
    test = os.environ["PYTEST_CURRENT_TEST"].split("::")[1].split()[0].removeprefix("test_")
    kind = history.events[0].workflow_execution_started_event_attributes.workflow_type.name
    number = len(list(FOLDER.glob(f"{test}-*.json"))) + 1
    text = history.to_json()
    for told, instead in OF_THE_MACHINE:
        text = told.sub(instead, text)
    (FOLDER / f"{test}-{number}-{kind}.json").write_text(text + "\n", encoding="utf-8")
