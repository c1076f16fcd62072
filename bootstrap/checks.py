"""Every check in one command: `python -m bootstrap.checks [--all] [arguments of pytest]`."""

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from bootstrap.places import Places

# Two workers: what the smallest machine the checks run on has cores for.
PYTEST = ("pytest", "-n", "2")

Command = tuple[str, ...]

LINTS: tuple[Command, ...] = (("ruff", "check", "."), ("ruff", "format", "--check", "."))

# Takes half a minute of one core, which the tests leave idle half of their time.
TYPES: Command = ("mypy",)


def chosen_tests(arguments: Sequence[str]) -> Command:
    """The tests' module with its arguments; the slow ones only with --all."""
    chosen = () if "--all" in arguments else ("-m", "not slow")
    return (*PYTEST, *chosen, *(argument for argument in arguments if argument != "--all"))


def run_all(first: Sequence[Command], together: Sequence[Command], run: Callable[[Command], int]) -> int:
    """Run each of the `first` until one fails, then the others side by side; return the first failure's exit
    code, 0 when all pass.
    """
    for command in first:
        if code := _told(command, run):
            return code
    with ThreadPoolExecutor(len(together)) as side_by_side:
        codes = list(side_by_side.map(lambda command: _told(command, run), together))
    return next(filter(None, codes), 0)


def _told(command: Command, run: Callable[[Command], int]) -> int:
    started = time.monotonic()
    code = run(command)
    verdict = "failed" if code else "ok"
    print(f"{' '.join(command)}: {verdict}, {time.monotonic() - started:.1f} s", flush=True)
    return code


def _run(command: Command) -> int:
    return subprocess.run([sys.executable, "-m", *command], cwd=Places.of_this_project().root).returncode


if __name__ == "__main__":
    sys.exit(run_all(LINTS, [TYPES, chosen_tests(sys.argv[1:])], _run))
