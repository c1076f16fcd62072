"""What ends the bootstrap: one clear line, no traceback."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


class SetupFailed(Exception):
    """The machine lacks something; the message says what, and what to do about it."""


@contextmanager
def in_one_line() -> Iterator[None]:
    """A SetupFailed, or Ctrl-C, ends the program with a line on stderr and a non-zero exit code."""
    try:
        yield
    except SetupFailed as failure:
        print(failure, file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("Interrupted; run it again to go on.", file=sys.stderr)
        sys.exit(130)
