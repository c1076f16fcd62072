"""One at a time across processes, by a lock the system lifts when its holders have died."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

KNOCK_EVERY_SECONDS = 0.1


@contextmanager
def held_alone(path: Path) -> Iterator[None]:
    """Inside, no other holder of `path` runs; waits for one, saying so once. The file stays behind, empty.

    Except on Windows, programs started with close_fds=False hold it too: one that outlives a killed
    holder is still at work on what the lock guards.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        if not _taken(file):
            print("Waiting for another bootstrap to end ...", file=sys.stderr)
            while not _taken(file):
                time.sleep(KNOCK_EVERY_SECONDS)
        os.set_inheritable(file.fileno(), True)
        yield


if sys.platform == "win32":
    import msvcrt

    def _taken(file: IO[bytes]) -> bool:
        try:
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _taken(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
