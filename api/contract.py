"""The contract as a file: `python -m api.contract` writes openapi.json anew."""

import json
from contextlib import nullcontext
from pathlib import Path

from api.app import build_app
from config.settings import Settings

FILE = Path(__file__).parents[1] / "openapi.json"


def contract() -> str:
    """Return the contract as it stands in the file."""
    app = build_app(lambda _: nullcontext(), Settings())
    return json.dumps(app.openapi(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(contract(), encoding="utf-8", newline="\n")
