"""A start command that ends by itself, and one whose permissions are those of an ordinary user."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from benchmarks.running_system import ROOT, eventually

# With a working folder of its own, main.py finds its settings file there.
API = (sys.executable, str(ROOT / "main.py"))


def permissions_hold() -> tuple[str, ...]:
    """What a command begins with so that whoever may write everything may not; skips where there is none."""
    if os.name != "posix" or os.geteuid() != 0:
        return ()
    if shutil.which("setpriv") is None:
        pytest.skip("whoever runs this may write everything, and no setpriv is there to take that away")
    return ("setpriv", "--bounding-set=-dac_override", "--")


def ended(
    command: tuple[str, ...], environment: dict[str, str], folder: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    """Return what the command said; it has ended by itself."""
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def serves(environment: dict[str, str]) -> bool:
    """A start comes up, and ends in order."""
    process = subprocess.Popen(API, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    try:
        eventually(lambda: is_alive(environment["API_PORT"]), "an API that serves")
    finally:
        process.send_signal(signal.SIGINT)
    return process.wait(30) == 0


def is_alive(port: str) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz").is_success
    except httpx.TransportError:
        return False
