"""The `.env` file: made once from its example, and read a little before its real reader is installed."""

import os
from collections.abc import Mapping
from contextlib import suppress

from bootstrap.places import Places


def write_env_file(places: Places) -> None:
    """`.env` exists, for its owner's eyes only; one that was there is left as it is."""
    with suppress(FileExistsError):
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with os.fdopen(os.open(places.root / ".env", flags, 0o600), "wb") as file:
            file.write((places.root / ".env.example").read_bytes())


def variables(places: Places, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What is set, empty values left out: `environ` over the plain NAME=value lines of `.env`."""
    text = (places.root / ".env").read_text(encoding="utf-8-sig", errors="replace")
    lines = [line.partition("=") for line in text.splitlines() if not line.lstrip().startswith("#")]
    in_file = {name.strip(): value.strip().strip("\"'") for name, equals, value in lines if equals}
    return {name: value for name, value in {**in_file, **environ}.items() if value}
