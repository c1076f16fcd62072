"""Where the `temporal` program is; stand-in with the signature that the real one will have."""

import shutil
import sys
from pathlib import Path


def find_temporal_cli(configured: Path | None) -> Path | None:
    """Return the path of the `temporal` program, None when there is none."""
    beside_python = shutil.which("temporal", path=str(Path(sys.executable).parent))
    found = configured or beside_python or shutil.which("temporal")
    return Path(found) if found else None
