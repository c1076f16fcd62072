"""What must be there before anything else can be examined; then the examination itself, in its own Python."""

import subprocess
import sys
from collections.abc import Iterator, Sequence

from bootstrap.environment import Environment, PipBuilder, require_a_whole_python
from bootstrap.failures import SetupFailed
from bootstrap.findings import Finding, fault, has_fault, well
from bootstrap.places import Places

EXIT_FAULT = 1

SET_UP = "./bootstrap.sh (on Windows .\\bootstrap.ps1); it changes nothing else"


def examine(places: Places) -> Iterator[Finding]:
    """Say whether this Python can make environments, and whether the one that is there is as locked."""
    try:
        require_a_whole_python()
    except SetupFailed as lack:
        yield fault("python", str(lack), "install it, then ./bootstrap.sh")
    else:
        yield well("python", f"{sys.version_info.major}.{sys.version_info.minor}")
    environment = Environment(places, PipBuilder())
    if environment.holds(dev=False):
        yield well("environment", "as locked")
    elif places.python.exists():
        yield fault("environment", ".venv is not what requirements.lock says, or was not finished", SET_UP)
    else:
        yield fault("environment", "there is no .venv", SET_UP)


def main(arguments: Sequence[str]) -> int:
    """Tell what was found; return 0 when all is well, 1 when something is not."""
    places = Places.of_this_project()
    findings = list(examine(places))
    for finding in findings:
        print(finding, flush=True)
    if has_fault(findings):
        print("The rest can be examined once this is mended.")
        return EXIT_FAULT
    command = [str(places.python), "-m", "diagnosis", *arguments]
    return subprocess.run(command, cwd=places.root).returncode
