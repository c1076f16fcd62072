"""What this machine must offer: a `temporal` program, ports, room."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psutil
from filelock import Timeout

from bootstrap.findings import Finding, fault, note, well
from bootstrap.places import Places
from bootstrap.temporal_cli import RELEASE, find_temporal_cli
from config.settings import Settings
from supervisor.ownership import owner_of
from supervisor.ports import find_stranger, listener_on
from supervisor.processes import ProcessTable
from supervisor.status import TEMPORAL

# A thousand orders take 20 MB of the two databases and the logs; below the first, writes are about to fail.
LEAST_FREE_BYTES = 200_000_000
LITTLE_FREE_BYTES = 2_000_000_000

# It takes a tenth of that.
VERSION_TOLD_WITHIN = timedelta(seconds=10)


def temporal_cli(settings: Settings) -> Finding:
    """Whether the embedded server's program is there, runs, and is of the version that was tested."""
    program = find_temporal_cli(settings.temporal_cli)
    if program is None:
        where = f"there is none at {settings.temporal_cli}" if settings.temporal_cli else "not found"
        return fault("temporal", where, "./bootstrap.sh, or set TEMPORAL_CLI to the program's path in .env")
    try:
        told = subprocess.run(
            [str(program), "--version"],
            capture_output=True,
            text=True,
            timeout=VERSION_TOLD_WITHIN.total_seconds(),
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        return fault("temporal", f"{program} does not run: {error}", "rm -r .venv, then ./bootstrap.sh")
    version = told.removeprefix("temporal version ").partition(" ")[0].strip()
    if version != RELEASE.version:
        fix = f"install {RELEASE.version}, or leave TEMPORAL_CLI empty: the environment brings it"
        return fault("temporal", f"{program} is {version}; tested is {RELEASE.version}", fix)
    return well("temporal", f"{version}, {program}")


def ports(settings: Settings) -> Iterator[Finding]:
    """Each port is free, or has one of ours behind it."""
    ours = _pids_of_ours(settings)
    yield _port("API_PORT", settings.api_host, settings.api_port, ours)
    if settings.uses_embedded_temporal:
        yield _port("TEMPORAL_PORT", "127.0.0.1", settings.temporal_port, ours)
        yield _port("TEMPORAL_UI_PORT", "127.0.0.1", settings.temporal_ui_port, ours)


def owner(settings: Settings) -> int | None:
    """The pid of the API that looks after DATA_DIR; None when nobody does."""
    try:
        return owner_of(settings.data_dir) if (settings.data_dir / "run").is_dir() else None
    except (OSError, ValueError, Timeout):
        return None


def room(settings: Settings) -> Finding:
    """Whether DATA_DIR can be written, and for how long."""
    folder = settings.data_dir.absolute()
    if folder.exists() and not (folder.is_dir() and os.access(folder, os.W_OK)):
        return fault("disk", f"{folder} is not a folder that can be written", "set another DATA_DIR")
    free = shutil.disk_usage(_first_that_exists(folder)).free
    left = f"{free / 1e9:.1f} GB free at {folder}"
    if free < LEAST_FREE_BYTES:
        return fault("disk", left, "make room, or set DATA_DIR to another disk")
    return note("disk", left, "make room before long") if free < LITTLE_FREE_BYTES else well("disk", left)


def _port(setting: str, host: str, port: int, ours: frozenset[int]) -> Finding:
    complaint = find_stranger(host, port)
    if complaint is None:
        return well(setting, f"port {port} is free")
    listener = listener_on(port)
    if listener in ours:
        return well(setting, f"port {port} is ours (pid {listener})")
    if listener is None and ours:
        return note(setting, f"port {port} is taken, by whom this system does not tell")
    return fault(setting, complaint, f"end that program, or set {setting} to another port")


def _pids_of_ours(settings: Settings) -> frozenset[int]:
    temporal = ProcessTable(settings.data_dir).find(TEMPORAL)
    api = owner(settings) or _unowning_api(settings)
    return frozenset(pid for pid in (api, temporal and temporal.process.pid) if pid)


def _unowning_api(settings: Settings) -> int | None:
    """With AUTOSTART=false an API owns nothing: it is known by the folder it was started in."""
    listener = None if settings.autostart else listener_on(settings.api_port)
    try:
        here = listener and Path(psutil.Process(listener).cwd()) == Places.of_this_project().root
    except psutil.Error:
        return None
    return listener if here else None


def _first_that_exists(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())
