"""`python -m observability.invariants [--database-url URL] [--journal FILE] [--running]`: what is broken."""

import argparse
import sys
from pathlib import Path

from config.settings import load_settings
from observability.invariants.checker import ALL, check
from observability.invariants.evidence import from_database, read_journal


def main() -> int:
    """Return 0 if every invariant holds, 1 otherwise."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--database-url", help="default: the one of the settings")
    options.add_argument("--journal", type=Path, help="what a client was told, a JSON object a line")
    options.add_argument("--running", action="store_true", help="orders may still be under way")
    given = options.parse_args()
    evidence = from_database(
        given.database_url or load_settings().database_url,
        answers=read_journal(given.journal) if given.journal else (),
        is_final=not given.running,
    )
    violations = check(evidence)
    for violation in violations:
        print(violation)
    print(f"{len(evidence.orders)} orders, {len(ALL)} invariants, {len(violations)} violations")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
