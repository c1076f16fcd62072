"""Every room says in its docstring which rooms it may import; the code is held to it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
NOT_ROOMS = {"tests"}

# "May import: domain, config." at the end of a docstring; "nothing" alone means no room at all.
PERMISSION = re.compile(r"May import: ([a-z_]+(?:,\s+[a-z_]+)*)\.\s*$")


def rooms_of(root: Path) -> dict[str, list[Path]]:
    """The top-level packages and modules by name, each with its files, the one that speaks for it first."""
    packages = {init.parent.name: init for init in sorted(root.glob("*/__init__.py"))}
    rooms = {
        name: [init, *init.parent.rglob("*.py")] for name, init in packages.items() if name not in NOT_ROOMS
    }
    return rooms | {module.stem: [module] for module in sorted(root.glob("*.py"))}


def permission_of(room: Path) -> set[str] | None:
    """The rooms that `room` says it may import; None when it says nothing."""
    said = PERMISSION.search(ast.get_docstring(ast.parse(room.read_text(encoding="utf-8"))) or "")
    return None if said is None else set(re.split(r",\s+", said[1])) - {"nothing"}


def imports_of(file: Path) -> Iterator[tuple[int, str]]:
    """The line and the top-level name of everything `file` imports, wherever in it."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name.partition(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.lineno, node.module.partition(".")[0]


def trespasses_in(root: Path) -> list[str]:
    """Every import of a room by one that does not say it may, and every room that says nothing."""
    rooms = rooms_of(root)
    found = []
    for name, files in rooms.items():
        allowed = permission_of(files[0])
        if allowed is None:
            found.append(f"{name}: does not say what it may import")
        for file in files:
            for line, imported in sorted(set(imports_of(file))):
                if imported in rooms.keys() - {name} - (allowed or set()):
                    found.append(
                        f"{file.relative_to(root).as_posix()}:{line}: {name} may not import {imported}"
                    )
    return sorted(set(found))


def test_no_room_imports_what_it_does_not_say() -> None:
    assert trespasses_in(PROJECT) == []


def test_the_rooms_that_are_there_are_seen() -> None:
    assert {"bootstrap", "config", "domain"} <= rooms_of(PROJECT).keys()


def write(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


@pytest.fixture
def house(tmp_path: Path) -> Path:
    write(tmp_path, "cellar/__init__.py", '"""Coal.\n\nMay import: nothing.\n"""\n')
    write(tmp_path, "cellar/coal.py", "import os\n")
    write(tmp_path, "hall/__init__.py", '"""Coats.\n\nMay import: cellar,\nstairs.\n"""\n')
    write(tmp_path, "hall/deep/coat.py", "import hall.deep\nfrom cellar.coal import lump\nimport stairs\n")
    write(tmp_path, "stairs.py", '"""Up. May import: cellar."""\nimport cellar.coal as coal\n')
    write(tmp_path, "tests/__init__.py", "import cellar, hall\n")
    return tmp_path


def test_a_house_in_order_has_no_trespasses(house: Path) -> None:
    assert trespasses_in(house) == []


@pytest.mark.parametrize(
    ("path", "text", "trespass"),
    [
        ("cellar/coal.py", "import hall\n", "cellar/coal.py:1: cellar may not import hall"),
        (
            "cellar/deep/x.py",
            "def f():\n    from stairs import s\n",
            "cellar/deep/x.py:2: cellar may not import stairs",
        ),
        (
            "stairs.py",
            '"""Up. May import: cellar."""\nimport hall.deep\n',
            "stairs.py:2: stairs may not import hall",
        ),
        ("attic/__init__.py", '"""Dust."""\n', "attic: does not say what it may import"),
        ("roof.py", "", "roof: does not say what it may import"),
    ],
)
def test_each_trespass_is_found(path: str, text: str, trespass: str, house: Path) -> None:
    write(house, path, text)

    assert trespasses_in(house) == [trespass]
