"""Windows PowerShell 5.1 cannot be run here: its scripts are parsed, and held to what that version has."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import tree_sitter_powershell
from tree_sitter import Language, Node, Parser

PROJECT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted(PROJECT.glob("*.ps1"))

FIRST_LINE = b"#Requires -Version 5.1\r\n"
STOPS_AT_ERRORS = b"\r\n$ErrorActionPreference = 'Stop'\r\n"

# The commands that may be used, each with its parameters; all of them are in Windows PowerShell 5.1.
COMMANDS = {
    "Get-Command": {"-Name", "-CommandType", "-ErrorAction"},
    "Join-Path": {"-Path", "-ChildPath"},
    "Pop-Location": set[str](),
    "Push-Location": {"-LiteralPath"},
    "Select-Object": {"-Skip"},
}
METHODS = {"[Console]::Error.WriteLine"}


def mistakes_in(source: bytes) -> list[str]:
    """What Windows PowerShell 5.1 would stumble over, one line each; empty when it would not."""
    tree = Parser(Language(tree_sitter_powershell.language())).parse(source)
    if tree.root_node.has_error:
        return ["does not parse"]
    found = _mistakes_of_the_text(source)
    for node in _all_below(tree.root_node):
        if node.type == "command":
            found += _mistakes_of_a_command(node)
        elif node.type == "pipeline_chain_tail":
            found.append(f"&& and || are of a later PowerShell: {_text(node)}")
        elif node.type == "invokation_expression" and _text(node).partition("(")[0] not in METHODS:
            found.append(f"not a listed method: {_text(node)}")
    return found


def _mistakes_of_the_text(source: bytes) -> list[str]:
    rules = {
        "is not ASCII": source.isascii(),
        "has a line that does not end in CRLF": source.count(b"\n") == source.count(b"\r\n"),
        "does not begin with #Requires": source.startswith(FIRST_LINE),
        "goes on after an error": STOPS_AT_ERRORS in source,
    }
    return [mistake for mistake, is_kept in rules.items() if not is_kept]


def _mistakes_of_a_command(command: Node) -> list[str]:
    name = command.child_by_field_name("command_name")
    if name is None or command.children[0].type == "command_invokation_operator":
        return [] if _checks_its_exit_code(command) else [f"goes on whatever the exit code: {_text(command)}"]
    if _text(name) not in COMMANDS:
        return [f"not a listed command: {_text(name)}"]
    given = {_text(node) for node in _all_below(command) if node.type == "command_parameter"}
    return [f"{_text(name)} has no listed {unknown}" for unknown in sorted(given - COMMANDS[_text(name)])]


def _checks_its_exit_code(call: Node) -> bool:
    """Whether the statement after a native call looks at its exit code."""
    statement = call
    while statement.parent is not None and statement.parent.type != "statement_list":
        statement = statement.parent
    following = statement.next_named_sibling
    return following is not None and "$LASTEXITCODE" in _text(following).partition("{")[0]


def _all_below(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from _all_below(child)


def _text(node: Node) -> str:
    return (node.text or b"").decode()


def a_script(*lines: str) -> bytes:
    return FIRST_LINE.rstrip() + STOPS_AT_ERRORS + "".join(f"{line}\r\n" for line in lines).encode()


def test_there_are_the_scripts_the_readme_names() -> None:
    assert {"bootstrap.ps1", "start.ps1", "test.ps1", "doctor.ps1"} <= {script.name for script in SCRIPTS}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_script_is_fit_for_windows_powershell(script: Path) -> None:
    assert mistakes_in(script.read_bytes()) == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_script_stays_thin(script: Path) -> None:
    assert len(script.read_text().splitlines()) < 30


def test_a_good_script_has_no_mistakes() -> None:
    assert mistakes_in(a_script("& 'a.exe' -x @args", "exit $LASTEXITCODE")) == []


@pytest.mark.parametrize(
    ("source", "mistake"),
    [
        (a_script("if ($true) {"), "does not parse"),
        (a_script("$a = $b ?? 1"), "does not parse"),
        (a_script("$a = $b ? 1 : 2"), "does not parse"),
        (a_script("Pop-Location && Pop-Location"), "later PowerShell"),
        (a_script("# \u00e9"), "is not ASCII"),
        (a_script("Pop-Location").replace(b"\r\n", b"\n"), "CRLF"),
        (b"\r\n" + a_script("Pop-Location"), "#Requires"),
        (FIRST_LINE + b"Pop-Location\r\n", "goes on after an error"),
        (a_script("Invoke-WebRequest -Uri x"), "not a listed command: Invoke-WebRequest"),
        (a_script("Push-Location -Path x"), "Push-Location has no listed -Path"),
        (a_script("[IO.File]::Delete('x')"), "not a listed method"),
        (a_script("& 'a.exe'", "& 'b.exe'", "exit $LASTEXITCODE"), "whatever the exit code: & 'a.exe'"),
        (a_script("& 'a.exe'", "if ($true) { exit $LASTEXITCODE }"), "whatever the exit code"),
    ],
)
def test_each_mistake_is_found(source: bytes, mistake: str) -> None:
    assert any(mistake in found for found in mistakes_in(source))


@pytest.mark.skipif(not shutil.which("pwsh"), reason="there is no PowerShell here")
def test_the_bootstrap_runs_from_anywhere_where_powershell_is(tmp_path: Path) -> None:
    (tmp_path / "bootstrap").mkdir()
    (tmp_path / "bootstrap/__main__.py").write_text(
        "import os, sys; print(os.getcwd(), sys.argv[1:]); sys.exit(5)"
    )
    shutil.copy(PROJECT / "bootstrap.ps1", tmp_path)

    command = ["pwsh", "-NoProfile", "-File", str(tmp_path / "bootstrap.ps1"), "--dev"]
    done = subprocess.run(
        command, cwd=PROJECT, env={**os.environ, "PYTHON": sys.executable}, capture_output=True, text=True
    )

    assert (done.returncode, done.stdout.strip()) == (5, f"{tmp_path} ['--dev']")
