"""What the system is made of: `python -m bootstrap.bill licences`, or `... sbom` for CycloneDX."""

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageMetadata, PackageNotFoundError, metadata

from bootstrap.places import RUNTIME_LOCK, Places

PINNED = re.compile(r"^([a-z0-9][a-z0-9._-]*)==(\S+)", re.MULTILINE)

CLASSIFIED = "License :: OSI Approved :: "

EXIT_BAD_ARGUMENTS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A locked package, and the licence it says it has."""

    name: str
    version: str
    licence: str


def parts(places: Places) -> Iterator[Part]:
    """Yield what the runtime's lock names, but for what is made for other platforms than this."""
    for name, version in PINNED.findall((places.root / RUNTIME_LOCK).read_text(encoding="utf-8")):
        try:
            yield Part(name=name, version=version, licence=_licence_of(metadata(name)))
        except PackageNotFoundError:
            continue


def print_licences(places: Places) -> int:
    for part in parts(places):
        print(f"{part.name}=={part.version}: {part.licence}")
    return 0


def print_sbom(places: Places) -> int:
    """The bill of materials, with the lock's hashes; made by a package of the development lock."""
    options = ("--pyproject=pyproject.toml", "--output-reproducible", "--no-validate")
    command = (sys.executable, "-m", "cyclonedx_py", "requirements", RUNTIME_LOCK, *options)
    return subprocess.run(command, cwd=places.root).returncode


def _licence_of(package: PackageMetadata) -> str:
    """What it says in the newest of the three ways in which packages have said it."""
    fields = ("License-Expression", "License", "Classifier")
    said = [text for field in fields for text in package.get_all(field) or []]
    of_licences = [text for text in said if " :: " not in text or text.startswith(CLASSIFIED)]
    return of_licences[0].removeprefix(CLASSIFIED) if of_licences else "none"


WAYS = {"licences": print_licences, "sbom": print_sbom}

if __name__ == "__main__":
    if sys.argv[1:] not in [[way] for way in WAYS]:
        print(f"python -m bootstrap.bill {' | '.join(WAYS)}", file=sys.stderr)
        raise SystemExit(EXIT_BAD_ARGUMENTS)
    raise SystemExit(WAYS[sys.argv[1]](Places.of_this_project()))
