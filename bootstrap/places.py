"""Where things lie in the project's folder."""

import os
from dataclasses import dataclass
from pathlib import Path

RUNTIME_LOCK = "requirements.lock"
DEV_LOCK = "requirements-dev.lock"
OTEL_LOCK = "requirements-otel.lock"


@dataclass(frozen=True, slots=True)
class Places:
    """Every path the bootstrap reads or writes, below one root."""

    root: Path

    @classmethod
    def of_this_project(cls) -> "Places":
        return cls(Path(__file__).resolve().parent.parent)

    @property
    def venv(self) -> Path:
        return self.root / ".venv"

    @property
    def programs(self) -> Path:
        """The environment's own bin folder."""
        return self.venv / ("Scripts" if os.name == "nt" else "bin")

    @property
    def python(self) -> Path:
        return self.programs / ("python.exe" if os.name == "nt" else "python")

    @property
    def tools(self) -> Path:
        """What was fetched, and the locks that keep two bootstraps apart."""
        return self.root / ".tools"
