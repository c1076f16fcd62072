"""Every check in one command: `python -m bootstrap.checks [--all] [arguments of pytest]`."""

import subprocess
import sys
import time
from collections.abc import Callable, Sequence

from bootstrap.places import Places

# Two workers: what the smallest machine the checks run on has cores for.
PYTEST = ("pytest", "-n", "2")

LINTS: tuple[tuple[str, ...], ...] = (("ruff", "check", "."), ("ruff", "format", "--check", "."), ("mypy",))


def commands(arguments: Sequence[str]) -> list[tuple[str, ...]]:
    """The modules to run, in order, each with its arguments; the slow tests only with --all."""
    chosen = () if "--all" in arguments else ("-m", "not slow")
    passed_on = tuple(argument for argument in arguments if argument != "--all")
    return [*LINTS, (*PYTEST, *chosen, *passed_on)]


def run_all(wanted: Sequence[tuple[str, ...]], run: Callable[[tuple[str, ...]], int]) -> int:
    """Run each until one fails; return that one's exit code, 0 when all pass."""
    for command in wanted:
        started = time.monotonic()
        code = run(command)
        verdict = "failed" if code else "ok"
        print(f"{' '.join(command)}: {verdict}, {time.monotonic() - started:.1f} s", flush=True)
        if code:
            return code
    return 0


def _run(command: tuple[str, ...]) -> int:
    return subprocess.run([sys.executable, "-m", *command], cwd=Places.of_this_project().root).returncode


if __name__ == "__main__":
    sys.exit(run_all(commands(sys.argv[1:]), _run))
