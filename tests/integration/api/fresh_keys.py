"""What schemathesis is told of the contract beyond its words.

Every request is sent under a key of its own: under one key only the first is looked at.
"""

import re
from typing import Any
from uuid import uuid4

import schemathesis

from api.once import IDEMPOTENCY_HEADER, VISIBLE

# What the settings say of either share where a body does not.
USUAL_SHARE = 0.3333


@schemathesis.hook
def before_call(_context: Any, case: Any, _kwargs: Any) -> None:
    """A key that is wrong on purpose stays as it is."""
    for name, sent in dict(case.headers or {}).items():
        if name.lower() == IDEMPOTENCY_HEADER.lower() and re.fullmatch(VISIBLE, str(sent)):
            case.headers[name] = uuid4().hex
    _let_some_calls_succeed(case)


def _let_some_calls_succeed(case: Any) -> None:
    """A sum is beyond a schema's words: weather in which more than every call goes wrong is made fair."""
    if case.path != "/weather" or not isinstance(case.body, dict):
        return
    shares = [USUAL_SHARE if share is None else share for share in map(case.body.get, ("fail", "hang"))]
    if all(isinstance(share, int | float) and 0 <= share <= 1 for share in shares) and sum(shares) > 1:
        case.body = {**case.body, "fail": 0, "hang": 0}
