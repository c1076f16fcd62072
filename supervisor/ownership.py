"""One supervisor at a time for each DATA_DIR."""

import asyncio
import contextlib
import os
from datetime import timedelta
from pathlib import Path

from filelock import FileLock, Timeout

from domain.refusals import Refusal
from supervisor.faults import StartFault

# An owner may be killed while it starts a child. Until that child is its own program it shares the lock,
# and for an instant more it cannot be told from other processes.
RELEASE_TAKES = timedelta(seconds=1)
BIRTH_TAKES = timedelta(seconds=0.25)
ASK_EVERY = timedelta(seconds=0.05)


class AlreadySupervised(Refusal):
    """Another process looks after the same DATA_DIR."""

    code = "ALREADY_SUPERVISED"

    def __init__(self, data_dir: Path, owner: str) -> None:
        super().__init__(f"{owner} looks after {data_dir} already; end it, or set another DATA_DIR")


def owner_of(data_dir: Path) -> int | None:
    """Return the pid of who looks after `data_dir`; None if nobody does."""
    try:
        with FileLock(_lock_file(data_dir), timeout=0):
            return None
    except Timeout:
        return int(_owner_file(data_dir).read_text(encoding="ascii"))


def _owner_file(data_dir: Path) -> Path:
    return data_dir / "run" / "supervisor.pid"


def _lock_file(data_dir: Path) -> Path:
    return data_dir / "run" / "supervisor.lock"


class Ownership:
    """The right to start and stop the processes of `data_dir`; it ends with its holder's life."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._owner_file = _owner_file(data_dir)
        self._lock = FileLock(_lock_file(data_dir), timeout=0, thread_local=False)

    @property
    def is_ours(self) -> bool:
        return self._lock.is_locked

    async def take(self) -> None:
        """It is ours, also when it was before.

        Raises AlreadySupervised if another process keeps it, StartFault if the directory cannot be written.
        """
        if self.is_ours:
            return
        try:
            await self._take()
        except OSError as error:
            raise StartFault(f"DATA_DIR cannot be used: {error}") from None

    async def _take(self) -> None:
        self._owner_file.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(RELEASE_TAKES.total_seconds()):
                while not self._is_free():  # noqa: ASYNC110 - nothing announces it
                    await asyncio.sleep(ASK_EVERY.total_seconds())
        if not self.is_ours:
            raise AlreadySupervised(self._data_dir, self._owner())
        if self._owner_file.exists():  # whoever had it did not give it up
            await asyncio.sleep(BIRTH_TAKES.total_seconds())
        self._owner_file.write_text(str(os.getpid()), encoding="ascii")

    def give_up(self) -> None:
        """Let another process have it."""
        if self.is_ours:
            self._owner_file.unlink(missing_ok=True)
            self._lock.release()

    def _is_free(self) -> bool:
        """Whether it was free; then it is ours."""
        with contextlib.suppress(Timeout):
            self._lock.acquire()
        return self.is_ours

    def _owner(self) -> str:
        with contextlib.suppress(OSError):
            return f"the process with pid {self._owner_file.read_text(encoding='ascii')}"
        return "another process"
