"""`python -m benchmarks.crash_points [--share S] [--seed N] [--path NAME]`: killed at every call.

Each path of an order's life is walked once to count its writes and its calls to Temporal, and then once more
for every one of them: killed before it, killed after it, and with its answer lost. `--share 0.1` takes a
seeded tenth of the trials. Returns 0 if every trial kept every promise and most deaths came.
"""

import argparse
import asyncio
import multiprocessing
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path as File
from random import Random

from benchmarks.crash_points.paths import PATHS, Path
from benchmarks.crash_points.seams import Death, When
from benchmarks.crash_points.trial import Place, Verdict, hold
from bootstrap.temporal_cli import find_temporal_cli
from config.attributes import SEARCH_ATTRIBUTES
from supervisor.ports import free_port, free_ports
from supervisor.temporal_server import DYNAMIC_CONFIG

# Trials mostly wait, so several are held at once, each in a namespace of its own.
NAMESPACES = tuple(f"trials-{number}" for number in range(1, 7))

# A key that a dead process holds is given up after 10 s; whatever takes longer is worth a look.
WORTH_A_LOOK_SECONDS = 15.0

# A path may need a call fewer than when it was counted; with more misses than these the run shows nothing.
MISSES_ALLOWED = 0.15

Trial = tuple[Path, Death | None]
Held = tuple[Trial, Verdict]


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--share", type=float, default=1.0)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--path", help="only this one", choices=[path.name for path in PATHS])
    given = options.parse_args()
    chosen = [path for path in PATHS if given.path in (None, path.name)]
    with tempfile.TemporaryDirectory() as folder, _server() as address:
        return asyncio.run(_hold_all(chosen, given.share, given.seed, File(folder), address))


async def _hold_all(paths: Sequence[Path], share: float, seed: int, folder: File, address: str) -> int:
    began = time.monotonic()
    places = _places(address)
    counted = await _hold_each([(path, None) for path in paths], places, folder / "counted")
    trials: list[Trial] = [
        (path, Death(at=at, when=when))
        for (path, _), verdict in counted
        for at in range(1, verdict.calls + 1)
        for when in When
    ]
    chosen = Random(f"crash-{seed}").sample(trials, max(1, round(share * len(trials))))
    print(f"{len(trials)} trials, {len(chosen)} of them held, seed {seed}", flush=True)
    held = await _hold_each(chosen, places, folder / "held")
    lines, is_success = _report(paths, counted, held)
    print(*lines, f"{time.monotonic() - began:.0f} s", sep="\n")
    return 0 if is_success else 1


def _places(address: str) -> list[Place]:
    """Lives are forked from a process that has imported everything, and started nothing."""
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["benchmarks.crash_points.mortal"])
    return [
        Place(temporal_address=address, namespace=name, api_port=port, processes=processes)
        for name, port in zip(NAMESPACES, free_ports(len(NAMESPACES)), strict=True)
    ]


async def _hold_each(trials: Sequence[Trial], places: Sequence[Place], folder: File) -> list[Held]:
    waiting = list(enumerate(trials))
    held: list[Held] = []

    async def serve(place: Place) -> None:
        while waiting:
            number, (path, death) = waiting.pop()
            verdict = await hold(place, folder / str(number), path, death)
            held.append(((path, death), verdict))
            if verdict.seconds > WORTH_A_LOOK_SECONDS:
                print(f"{path.name}, {death}: {verdict.seconds:.1f} s", flush=True)
            for mistake in verdict.mistakes:
                print(f"{path.name}, {death}: {mistake}", flush=True)

    await asyncio.gather(*(serve(place) for place in places))
    return held


def _report(paths: Sequence[Path], counted: Sequence[Held], held: Sequence[Held]) -> tuple[list[str], bool]:
    lines = [f"{'path':<28} {'calls':>6} {'trials':>7} {'deaths':>7} {'mistakes':>9} {'slowest s':>10}"]
    calls = {path.name: verdict.calls for (path, _), verdict in counted}
    for path in paths:
        ours = [verdict for (walked, _), verdict in held if walked is path]
        slowest = max((verdict.seconds for verdict in ours), default=0.0)
        lines.append(
            f"{path.name:<28} {calls[path.name]:>6} {len(ours):>7} {sum(one.died for one in ours):>7} "
            f"{sum(len(one.mistakes) for one in ours):>9} {slowest:>10.1f}"
        )
    mistakes = sum(len(verdict.mistakes) for _, verdict in (*counted, *held))
    killed = [verdict.died for (_, death), verdict in held if death and death.when is not When.LOST]
    came = sum(killed) >= (1 - MISSES_ALLOWED) * len(killed)
    if not came:
        lines.append(f"VACUOUS: only {sum(killed)} of {len(killed)} deaths came")
    return [*lines, f"{len(held)} trials, {mistakes} mistakes"], came and not mistakes


@contextmanager
def _server() -> Iterator[str]:
    """A Temporal server in memory, told what the embedded one is told, with a namespace for each place."""
    cli, port = find_temporal_cli(None), free_port()
    if cli is None:
        raise SystemExit("there is no temporal program: run the bootstrap")
    command = [str(cli), "server", "start-dev", "--headless", "--ip", "127.0.0.1", "--port", str(port)]
    command += ["--log-level", "error"]
    command += [word for name in NAMESPACES for word in ("--namespace", name)]
    for flag, values in (
        ("--dynamic-config-value", DYNAMIC_CONFIG),
        ("--search-attribute", SEARCH_ATTRIBUTES),
    ):
        command += [word for name, value in values.items() for word in (flag, f"{name}={value}")]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()


if __name__ == "__main__":
    sys.exit(main())
