"""The shell scripts stay thin and POSIX; the example of `.env` tells the truth."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from dotenv import dotenv_values

from config.settings import FOREIGN_PREFIXES, Settings, load_settings

PROJECT = Path(__file__).resolve().parents[2]
SHELL_SCRIPTS = [PROJECT / name for name in ("bootstrap.sh", "start", "test", "doctor")]

A_SETTING = re.compile(r"^#?([A-Z][A-Z_]*)=(.*)$", re.MULTILINE)


@pytest.mark.skipif(os.name == "nt", reason="there is no sh")
@pytest.mark.parametrize("script", SHELL_SCRIPTS, ids=lambda script: script.name)
def test_a_shell_script_is_thin_executable_and_parses(script: Path) -> None:
    text = script.read_text()

    assert text.startswith("#!/bin/sh\n")
    assert "\nset -eu\n" in text
    assert len(text.splitlines()) < 30
    assert os.access(script, os.X_OK)
    subprocess.run(["/bin/sh", "-n", script], check=True)


def in_example() -> dict[str, str]:
    return dict(A_SETTING.findall((PROJECT / ".env.example").read_text(encoding="utf-8")))


def is_read_by_a_library(name: str) -> bool:
    return name.startswith(FOREIGN_PREFIXES) and name.lower() not in Settings.model_fields


def test_the_example_names_every_setting_and_no_other() -> None:
    ours = {name.upper() for name in Settings.model_fields} - {"TEMPORAL_ENVIRONMENT", "OTEL_ENVIRONMENT"}

    assert {name for name in in_example() if not is_read_by_a_library(name)} == ours


def test_the_example_shows_the_defaults(tmp_path: Path) -> None:
    shown = "".join(f"{name}={value}\n" for name, value in in_example().items())
    (tmp_path / ".env").write_text(shown)

    assert load_settings({}, tmp_path / ".env") == load_settings({}, tmp_path / "nowhere")


def test_a_default_that_is_a_value_is_shown_as_that_value() -> None:
    shown = in_example()
    with_values = {name: field.default for name, field in Settings.model_fields.items() if field.default}

    assert [name for name in with_values if name.upper() in shown and not shown[name.upper()]] == []


def test_the_example_as_it_is_sets_nothing() -> None:
    assert dotenv_values(PROJECT / ".env.example") == {}


def test_every_setting_of_the_example_stands_below_a_line_that_explains_it() -> None:
    blocks = (PROJECT / ".env.example").read_text(encoding="utf-8").split("\n\n")

    unexplained = [block for block in blocks if A_SETTING.search(block) and not block.startswith("# ")]

    assert unexplained == []
