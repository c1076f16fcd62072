"""Where the `temporal` program is; stand-in with the signature that the real one will have."""

import shutil
import sys
from pathlib import Path


def find_temporal_cli(configured: Path | None) -> Path:
    """Return the path of the `temporal` program; raises FileNotFoundError when there is none."""
    found = (
        configured
        or shutil.which("temporal", path=str(Path(sys.executable).parent))
        or shutil.which("temporal")
    )
    if found is None:
        raise FileNotFoundError("the temporal program was not found; set TEMPORAL_CLI to its path")
    return Path(found)
