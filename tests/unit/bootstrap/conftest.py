from collections.abc import Iterator
from pathlib import Path

import pytest

from bootstrap.places import Places
from tests.unit.bootstrap.archive_server import Site, archive_of, served


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """A project's folder with the files the bootstrap reads, and a space in its path."""
    root = tmp_path / "a project"
    root.mkdir()
    (root / "requirements.lock").write_text("one==1\n")
    (root / "requirements-dev.lock").write_text("one==1\ntwo==2\n")
    (root / ".env.example").write_text("# An example.\n#NAME=value\n")
    return Places(root)


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with served(archive_of(b"the program")) as made_up:
        yield made_up
