"""What the contract says of keys: where they go, and which operation needs one."""

from typing import Any

from api.asking import API_KEY_HEADER
from api.gate import is_open

SCHEMES = {
    "key": {"type": "apiKey", "in": "header", "name": API_KEY_HEADER},
    "bearer": {"type": "http", "scheme": "bearer"},
}


def describe_keys(contract: dict[str, Any], *, needed: bool) -> None:
    """Write the schemes into the contract, and at each operation whether a key opens it; without keys in
    the settings, none may do as well.
    """
    contract["components"]["securitySchemes"] = SCHEMES
    ways: list[dict[str, list[str]]] = [{name: []} for name in SCHEMES]
    for path, operations in contract["paths"].items():
        for operation in operations.values():
            operation["security"] = [] if is_open(path) else [*ways, *([] if needed else [{}])]
