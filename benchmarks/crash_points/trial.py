"""One trial: a path is walked, its process dies at one point, another takes over; the evidence is judged."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path as File

from benchmarks.chaos.customers import PatientClient
from benchmarks.crash_points.mortal import live
from benchmarks.crash_points.paths import Path, Talk
from benchmarks.crash_points.seams import Death
from config.settings import load_settings
from db.schema import migrate
from engine.connection import connect
from observability.invariants.checker import check
from observability.invariants.evidence import Evidence, from_database
from observability.invariants.histories import at_rest, read_runs

# A key that its process left behind is taken over after 10 s, everything else sooner.
WALKED_WITHIN = timedelta(seconds=60)
AT_REST_WITHIN = timedelta(seconds=15)
LOOK_EVERY_SECONDS = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a trial showed; `calls` is how many were counted, `died` whether the process did."""

    calls: int
    died: bool
    seconds: float
    mistakes: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where trials are held, one at a time: a namespace and a port of their own, and processes made quickly.

    A port that was any trial's could be another's while a process is dead, and its customer ask there.
    """

    temporal_address: str
    namespace: str
    api_port: int
    processes: ForkServerContext


async def hold(place: Place, folder: File, path: Path, death: Death | None) -> Verdict:
    environment = _environment(place, folder, path)
    client = PatientClient(f"http://127.0.0.1:{environment['API_PORT']}", folder / "journal.jsonl")
    began, mistakes = time.monotonic(), []
    async with _alive(place, environment, folder / "calls", death, path.broken):
        try:
            async with asyncio.timeout(WALKED_WITHIN.total_seconds()):
                end = await path.tell(Talk(client))
            mistakes += [] if end in path.ends else [f"ended as {end}"]
        except TimeoutError:
            mistakes.append("did not come to an end")
        seconds = time.monotonic() - began
        evidence = await _evidence(environment, client)
    await client.close()
    calls, died = _noted(folder / "calls")
    return Verdict(
        calls=calls,
        died=died,
        seconds=seconds,
        mistakes=[*mistakes, *(str(violation) for violation in check(evidence))],
    )


def _environment(place: Place, folder: File, path: Path) -> dict[str, str]:
    """A folder of its own, and no dice: the calls are to be the same every time."""
    folder.mkdir(parents=True)
    return {
        "DATA_DIR": str(folder),
        "API_PORT": str(place.api_port),
        "AUTOSTART": "false",
        "TEMPORAL_ADDRESS": place.temporal_address,
        "TEMPORAL_NAMESPACE": place.namespace,
        "REVIEW_SECONDS": "0.05",
        "FLAKY_FAIL": "0",
        "FLAKY_HANG": "0",
        **path.settings,
    }


@asynccontextmanager
async def _alive(
    place: Place, environment: dict[str, str], calls: File, death: Death | None, broken: str | None
) -> AsyncIterator[None]:
    """The first life ends as it is foreseen; the next one does not."""
    lives = [_begin(place, environment, calls, death, broken)]

    async def watch() -> None:
        while lives[-1].is_alive():  # noqa: ASYNC110 - nothing announces it
            await asyncio.sleep(LOOK_EVERY_SECONDS)
        lives.append(_begin(place, environment, calls, None, broken))

    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
        for life in lives:
            life.kill()
            life.join()


def _begin(
    place: Place, environment: dict[str, str], calls: File, death: Death | None, broken: str | None
) -> ForkServerProcess:
    life = place.processes.Process(target=live, args=(environment, calls, death, broken))
    life.start()
    return life


async def _evidence(environment: dict[str, str], client: PatientClient) -> Evidence:
    """Read while the second life is alive: it has yet to close the workflows."""
    settings = load_settings(environment)
    tag = migrate(settings.database_url)
    temporal = await connect(settings)
    await at_rest(temporal, tag, AT_REST_WITHIN)
    return from_database(
        settings.database_url,
        answers=client.answers,
        runs=await read_runs(temporal, tag),
        last_fault_at=_first_asked_at(client),
    )


def _first_asked_at(client: PatientClient) -> datetime:
    return client.answers[0].asked_at


def _noted(calls: File) -> tuple[int, bool]:
    lines = calls.read_text().splitlines()
    return len(lines) - lines.count("died"), "died" in lines
