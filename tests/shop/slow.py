"""Cases that only `./test --all` runs."""

from typing import Any

import pytest


def slowly(*cases: Any) -> list[Any]:
    """Return the cases, each marked slow: a quick one of their kind shows the same.

    A tuple is one case of several values.
    """
    return [
        pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=pytest.mark.slow)
        for case in cases
    ]
