"""What ends the bootstrap: one clear line, no traceback."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


class SetupFailed(Exception):
    """The machine lacks something; the message says what, and what to do about it."""


@contextmanager
def in_one_line() -> Iterator[None]:
    """A SetupFailed, a file that cannot be read or written, or Ctrl-C ends the program with one line."""
    try:
        yield
    except SetupFailed as failure:
        sys.exit(str(failure))
    except OSError as error:
        sys.exit(f"Cannot be set up here: {error}")
    except KeyboardInterrupt:
        print("Interrupted; run it again to go on.", file=sys.stderr)
        sys.exit(130)
