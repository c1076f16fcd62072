"""What no file of the project says: where packages are fetched from, where things lie on one machine."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]

BANNED = {
    "a package registry's host": re.compile(rb"\b(pypi|pythonhosted|npmjs|debian)\.(org|com)\b"),
    "a path of one machine": re.compile(rb"(?<![\w.\-/])/(home|root|work|farm|Users)/\w|\b[A-Z]:\\Users\\\w"),
}


def banned_words_in(text: bytes) -> list[str]:
    """Each banned thing `text` names, with the line it is on, counted from 1."""
    return [
        f"line {number}: {what}: {found[0].decode()}"
        for number, line in enumerate(text.splitlines(), start=1)
        for what, pattern in BANNED.items()
        for found in pattern.finditer(line)
    ]


@pytest.mark.skipif(not shutil.which("git") or not (PROJECT / ".git").exists(), reason="not a clone")
def test_no_tracked_file_names_a_registry_or_a_machine() -> None:
    # The owner of the folder may be another than who runs the tests, as in a container.
    command = ["git", "-c", f"safe.directory={PROJECT}", "ls-files", "-z"]
    listed = subprocess.run(command, cwd=PROJECT, check=True, capture_output=True).stdout
    files = [PROJECT / name.decode() for name in listed.split(b"\0") if name]

    found = [
        f"{file.relative_to(PROJECT).as_posix()}: {word}"
        for file in files
        if file.is_file()
        for word in banned_words_in(file.read_bytes())
    ]

    assert len(files) > 20
    assert found == []


@pytest.mark.parametrize(
    "parts",
    [
        ("https://", "pypi", ".org/simple"),
        ("files.", "pythonhosted", ".org"),
        ("registry.", "npmjs", ".org"),
        ("cd ", "/ho", "me/somebody"),
        ("'", "/wo", "rk/main'"),
        ("C:", "\\Users", "\\somebody"),
    ],
)
def test_each_banned_word_is_found(parts: tuple[str, ...]) -> None:
    assert banned_words_in(b"one\n" + "".join(parts).encode())[0].startswith("line 2: a ")


@pytest.mark.parametrize("text", [b"the pypi organisation", b"https://example.com/home/x", b"a/work/b"])
def test_other_words_are_free(text: bytes) -> None:
    assert banned_words_in(text) == []
