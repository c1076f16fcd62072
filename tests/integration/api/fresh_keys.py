"""What schemathesis is told of the contract beyond its words.

Every request is sent under a key of its own: under one key only the first is looked at.
"""

import re
from typing import Any
from uuid import uuid4

import schemathesis

from api.once import KEY_HEADER, VISIBLE

# What the settings say of either share where a body does not.
USUAL_SHARE = 0.3333


@schemathesis.hook
def before_call(_context: Any, case: Any, _kwargs: Any) -> None:
    """A key that is wrong on purpose stays as it is."""
    for name, sent in dict(case.headers or {}).items():
        if name.lower() == KEY_HEADER.lower() and re.fullmatch(VISIBLE, str(sent)):
            case.headers[name] = uuid4().hex


@schemathesis.hook
def filter_body(_context: Any, body: Any) -> bool:
    """A sum is beyond a schema's words: weather in which more than every call goes wrong is not sent."""
    if not isinstance(body, dict):
        return True
    shares = [share for share in (body.get("fail"), body.get("hang")) if isinstance(share, int | float)]
    at_most = 1 - USUAL_SHARE * (2 - len(shares))
    return not all(0 <= share <= 1 for share in shares) or sum(shares) <= at_most
