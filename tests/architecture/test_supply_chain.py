"""What the system is made of may be used, is listed, and has no hole that somebody knows of."""

import json
import subprocess
import sys

import pytest

from bootstrap.bill import PINNED, parts
from bootstrap.places import RUNTIME_LOCK, Places
from tests.architecture.audit import OutOfReach, holes_in
from tests.architecture.test_rooms import PROJECT, rooms_of

PLACES = Places.of_this_project()

# psycopg is used as a library, as it is, which is what its licence asks for.
ALLOWED = {
    "MIT",
    "MIT-0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "3-Clause BSD License",
    "Apache-2.0",
    "Apache-2.0 OR BSD-3-Clause",
    "Apache-2.0 AND BSD-2-Clause",
    "PSF-2.0",
    "LGPL-3.0-only",
}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *arguments], cwd=PROJECT, capture_output=True, text=True, check=False
    )


def test_every_licence_is_one_that_may_be_used() -> None:
    found = list(parts(PLACES))

    assert len(found) > 20
    assert [part for part in found if part.licence not in ALLOWED] == []


def test_the_licences_are_listed_by_a_command() -> None:
    listed = run("bootstrap.bill", "licences").stdout.splitlines()

    assert listed == [f"{part.name}=={part.version}: {part.licence}" for part in parts(PLACES)]


def test_the_bill_of_materials_names_every_locked_package_with_its_hashes() -> None:
    bill = json.loads(run("bootstrap.bill", "sbom").stdout)

    assert bill["bomFormat"] == "CycloneDX"
    locked = PINNED.findall((PROJECT / RUNTIME_LOCK).read_text())
    assert {(part["name"], part["version"]) for part in bill["components"]} == set(locked)
    assert all(reference["hashes"] for part in bill["components"] for reference in part["externalReferences"])


def test_bandit_finds_nothing() -> None:
    rooms = [
        name if (PROJECT / name).is_dir() else f"{name}.py"
        for name in rooms_of(PROJECT)
        if name != "benchmarks"
    ]

    found = run("bandit", "--quiet", "--configfile=pyproject.toml", "--recursive", *rooms)

    assert found.returncode == 0, found.stdout


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-otel.lock", "requirements-dev.lock"])
def test_nobody_knows_of_a_hole_in_what_is_locked(lock: str) -> None:
    options = ("--disable-pip", "--require-hashes", "--format=json", "--progress-spinner=off", "--timeout=15")

    audited = run("pip_audit", f"--requirement={lock}", *options)

    try:
        holes = holes_in(audited)
    except OutOfReach as why:
        pytest.skip(f"nothing was audited, no network: {why}")
    assert holes == []
