"""Set everything up, once: `python -m bootstrap [--dev]`; or examine it: `--doctor [arguments]`."""

import argparse
import sys

from bootstrap import doctor
from bootstrap.env_file import variables, write_env_file
from bootstrap.environment import Environment, PipBuilder
from bootstrap.failures import in_one_line
from bootstrap.places import Places
from bootstrap.temporal_cli import ensure_temporal_cli


def main() -> None:
    """The environment, `.env` and the Temporal CLI are there; a second run finds nothing to do."""
    if sys.argv[1:2] == ["--doctor"]:
        with in_one_line():
            sys.exit(doctor.main(sys.argv[2:]))
    parser = argparse.ArgumentParser(prog="bootstrap", description=__doc__)
    parser.add_argument("--dev", action="store_true", help="also install what the tests need")
    options = parser.parse_args()
    places = Places.of_this_project()
    with in_one_line():
        write_env_file(places)
        Environment(places, PipBuilder()).ensure(dev=options.dev)
        ensure_temporal_cli(places, variables(places))


if __name__ == "__main__":
    main()
