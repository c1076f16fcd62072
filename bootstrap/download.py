"""One file from the network, whole or not at all."""

import hashlib
import shutil
import urllib.request
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import IO
from urllib.error import HTTPError, URLError

from bootstrap.failures import SetupFailed

CHUNK_BYTES = 1 << 16

# A server that says nothing for so long will not say anything.
SILENCE_SECONDS = 30


def require_room(folder: Path, needed_bytes: int) -> None:
    """`folder` exists, takes files and has `needed_bytes` left.

    Raises OSError when it cannot be written to, SetupFailed when it is too full.
    """
    folder.mkdir(parents=True, exist_ok=True)
    probe = folder / "writable.part"
    probe.write_bytes(b"")
    probe.unlink()
    free_bytes = shutil.disk_usage(folder).free
    if free_bytes < needed_bytes:
        raise SetupFailed(
            f"{folder} has {free_bytes // 1_000_000} MB left; {needed_bytes // 1_000_000} MB are needed"
        )


def fetch(url: str, part: Path) -> str:
    """`part` holds all that `url` answers; return its SHA-256 in hex.

    Goes through the proxy of the environment or of Windows. Raises OSError or HTTPException when the
    answer is a refusal, or does not come, or not to its end; `part` may then hold a beginning.
    """
    # A fresh opener reads the proxy settings as they are now.
    opener = urllib.request.build_opener()
    try:
        with opener.open(url, timeout=SILENCE_SECONDS) as answer, part.open("wb") as file:
            digest, received_bytes = _copy(answer, file)
            _require_the_end(answer, received_bytes)
    except HTTPError as refusal:
        refusal.close()
        raise ConnectionError(str(refusal)) from None
    return digest


def why(error: OSError | HTTPException) -> str:
    """What went wrong, short enough for the middle of a sentence."""
    told = error.reason if isinstance(error, URLError) else error
    return str(told) or type(error).__name__


def _copy(answer: HTTPResponse, file: IO[bytes]) -> tuple[str, int]:
    digest, received_bytes = hashlib.sha256(), 0
    while chunk := answer.read(CHUNK_BYTES):
        digest.update(chunk)
        received_bytes += file.write(chunk)
    return digest.hexdigest(), received_bytes


def _require_the_end(answer: HTTPResponse, received_bytes: int) -> None:
    """http.client takes a connection cut short for an end when it is read in chunks."""
    announced = answer.headers.get("Content-Length")
    if announced is not None and received_bytes != int(announced):
        raise ConnectionError(f"the connection ended after {received_bytes} of {announced} bytes")
