"""What pip-audit found, told apart from what kept it from looking."""

import json
import re
import subprocess
from typing import Any

NOT_CONNECTED = re.compile(r"Max retries exceeded|Could not connect to|ConnectionError|Timeout:")

NOT_LISTED = "not found on PyPI"


class OutOfReach(Exception):
    """Nobody who knows of holes could be asked; why."""


def holes_in(audited: "subprocess.CompletedProcess[str]") -> list[str]:
    """Return a line for each known hole, and for each package that nobody looked at.

    Raises OutOfReach only where the network is missing: no answer at all, or a mirror that knows of nothing.
    """
    if not audited.stdout:
        assert NOT_CONNECTED.search(audited.stderr), audited.stderr
        raise OutOfReach(audited.stderr.strip().splitlines()[-1])
    parts: list[dict[str, Any]] = json.loads(audited.stdout)["dependencies"]
    skipped = [part for part in parts if "skip_reason" in part]
    if parts and all(NOT_LISTED in part.get("skip_reason", "") for part in parts):
        raise OutOfReach(parts[0]["skip_reason"])
    known = [f"{part['name']}: {hole['id']}" for part in parts for hole in part.get("vulns", [])]
    return known + [f"{part['name']}: {part['skip_reason']}" for part in skipped]
