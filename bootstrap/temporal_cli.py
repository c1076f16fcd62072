"""The `temporal` program: found where it may lie, fetched where no package brings it (Windows)."""

import os
import shutil
import sys
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

from bootstrap.download import fetch, require_room, why
from bootstrap.exclusive import held_alone
from bootstrap.failures import SetupFailed
from bootstrap.places import Places

PROGRAM = "temporal.exe" if os.name == "nt" else "temporal"

# Any of these names a server elsewhere, which needs no program here.
NAMES_OF_ANOTHER_SERVER = ("TEMPORAL_ADDRESS", "TEMPORAL_PROFILE", "TEMPORAL_CONFIG_FILE")

ANOTHER_WAY = "Get it another way and set TEMPORAL_CLI to its path in .env."


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One version as its makers publish it for Windows: a zip with the program in it.

    `sha256` is the zip's, in hex; None when nobody has looked it up: then it is recorded on first use.
    `room_bytes`: the zip and the program side by side, with something to spare.
    """

    version: str
    url: str
    sha256: str | None
    member: str = "temporal.exe"
    room_bytes: int = 400_000_000


# The version that the packages for Linux and macOS bring. The checksum is the one that projects which check
# temporal_cli_1.9.1_windows_amd64.zip have on record; a new version's is looked up anew, or left None.
RELEASE = Release(
    version="1.9.1",
    url="https://temporal.download/cli/archive/v1.9.1?platform=windows&arch=amd64",
    sha256="babb65844835045c91fb98930fe10b81de28db80c8c609180473d2c0b18c7589",
)


def find_temporal_cli(
    configured: Path | None, *, programs: Path | None = None, places: Places | None = None
) -> Path | None:
    """Return the path of the `temporal` program, None when there is none.

    `configured` (TEMPORAL_CLI) counts alone when given. Else the first of: the environment's own bin
    folder (`programs`; default: the running Python's), PATH, what the bootstrap fetched into `.tools/`.
    """
    if configured is not None:
        return _if_a_program(configured.expanduser())
    on_path = shutil.which("temporal")
    fetched = fetched_program(places or Places.of_this_project(), RELEASE)
    beside_python = (programs or Path(sys.executable).parent) / PROGRAM
    candidates = (beside_python, Path(on_path) if on_path else None, fetched)
    return next((path for path in candidates if path and _if_a_program(path)), None)


def ensure_temporal_cli(
    places: Places,
    given: Mapping[str, str],
    fetched_here: Release | None = RELEASE if os.name == "nt" else None,
) -> None:
    """A `temporal` program can be found, or `given` (the environment over `.env`) names a server elsewhere.

    `fetched_here` is what to fetch when there is none; None: packages bring it on this platform.
    Raises SetupFailed.
    """
    configured = given.get("TEMPORAL_CLI")
    if any(name in given for name in NAMES_OF_ANOTHER_SERVER):
        return
    if find_temporal_cli(Path(configured) if configured else None, programs=places.programs, places=places):
        return
    if configured:
        raise SetupFailed(f"TEMPORAL_CLI: there is no program at {configured}")
    if fetched_here is None:
        raise SetupFailed(f"The Temporal CLI was not found. {ANOTHER_WAY}")
    fetch_release(places, fetched_here)


def fetched_program(places: Places, release: Release) -> Path:
    """Where the bootstrap puts that release's program; a newer release goes beside it."""
    return places.tools / f"temporal-{release.version}" / PROGRAM


def fetch_release(places: Places, release: Release) -> None:
    """The release's program lies in `.tools/`, checked; fetched once however many ask at the same time.

    Raises SetupFailed with one line; nothing half-fetched is left behind.
    """
    target = fetched_program(places, release)
    with held_alone(places.tools / "temporal.lock"):
        if not target.exists():
            require_room(target.parent, release.room_bytes)
            print(f"Fetching the Temporal CLI {release.version} (once) ...", file=sys.stderr)
            _fetch_into(target, release, record=places.tools / f"temporal-{release.version}.sha256")


def _fetch_into(target: Path, release: Release, *, record: Path) -> None:
    archive, program = target.with_suffix(".zip.part"), target.with_suffix(".part")
    try:
        digest = fetch(release.url, archive)
        expected = release.sha256 or _recorded(record)
        if expected not in (None, digest):
            raise _cannot_be_had(release, f"its SHA-256 is {digest}, not {expected}")
        _unpack(archive, release.member, program)
        if expected is None:
            _trust(digest, record)
        program.replace(target)
    except (zipfile.BadZipFile, zlib.error, KeyError):
        raise _cannot_be_had(release, f"the answer is not a zip with {release.member} in it") from None
    except (OSError, HTTPException) as error:
        raise _cannot_be_had(release, why(error)) from None
    finally:
        archive.unlink(missing_ok=True)
        program.unlink(missing_ok=True)


def _cannot_be_had(release: Release, reason: str) -> SetupFailed:
    return SetupFailed(f"The Temporal CLI cannot be had from {release.url}: {reason}. {ANOTHER_WAY}")


def _if_a_program(path: Path) -> Path | None:
    return path if path.is_file() and os.access(path, os.X_OK) else None


def _unpack(archive: Path, member: str, program: Path) -> None:
    with zipfile.ZipFile(archive) as box, box.open(member) as packed, program.open("wb") as file:
        shutil.copyfileobj(packed, file)
    program.chmod(0o755)


def _recorded(record: Path) -> str | None:
    return record.read_text(encoding="ascii").strip() if record.exists() else None


def _trust(digest: str, record: Path) -> None:
    """Only after the program was unpacked: a page that says "log in first" is not to be remembered."""
    record.write_text(f"{digest}\n", encoding="ascii")
    print(f"Trusted on first use: SHA-256 {digest}, kept in {record}", file=sys.stderr)
