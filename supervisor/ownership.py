"""One supervisor at a time for each DATA_DIR."""

import contextlib
import os
from pathlib import Path

from filelock import FileLock, Timeout

from domain.refusals import Refusal


class AlreadySupervised(Refusal):
    """Another process looks after the same DATA_DIR."""

    code = "ALREADY_SUPERVISED"

    def __init__(self, data_dir: Path, owner: str) -> None:
        super().__init__(f"{owner} looks after {data_dir} already; end it, or set another DATA_DIR")


class Ownership:
    """The right to start and stop the processes of `data_dir`; it ends with its holder's life."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._owner_file = data_dir / "run" / "supervisor.pid"
        self._lock = FileLock(data_dir / "run" / "supervisor.lock", timeout=0, thread_local=False)

    @property
    def is_ours(self) -> bool:
        return self._lock.is_locked

    def take(self) -> None:
        """It is ours, also when it was before; raises AlreadySupervised if another process has it."""
        if self.is_ours:
            return
        self._owner_file.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire()
        except Timeout:
            raise AlreadySupervised(self._data_dir, self._owner()) from None
        self._owner_file.write_text(str(os.getpid()), encoding="ascii")

    def give_up(self) -> None:
        """Let another process have it."""
        if self.is_ours:
            self._owner_file.unlink(missing_ok=True)
            self._lock.release()

    def _owner(self) -> str:
        with contextlib.suppress(OSError):
            return f"the process with pid {self._owner_file.read_text(encoding='ascii')}"
        return "another process"
