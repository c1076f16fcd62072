"""The problems an operation may answer with, for its documentation."""

from typing import Any

from api.errors import PROBLEM_TYPE

Responses = dict[int | str, dict[str, Any]]


def _problem(description: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": description, "content": {PROBLEM_TYPE: {"schema": schema}}}


# What the guard before all operations, or the machine behind them, may answer in their stead.
ANYWHERE: Responses = {
    400: _problem("Asked under a host name that is not this service's"),
    401: _problem("There are keys, and this is none of them"),
    403: _problem("A page of another site asks, or with a key that does not open this"),
    408: _problem("The body did not arrive in time"),
    413: _problem("The body is larger than 64 KiB"),
    422: _problem("The request has mistakes; each is named"),
    429: _problem("Asked more often than this key's owner may. Retry-After says when to ask again"),
    503: _problem(
        "Not now: too much to do, or Temporal, its workers or the database are away, "
        "or the decision is not known yet. Retry-After says when to ask again"
    ),
}
NOT_FOUND: Responses = {404: _problem("There is no such order")}


# What a request under a key may meet.
OF_A_KEY = ("IDEMPOTENCY_KEY_REUSED", "IN_PROGRESS")


def conflict(*codes: str) -> Responses:
    """The response of an operation that may be refused with one of `codes`."""
    return {409: _problem(f"Refused: {', '.join(codes)}")}


def refused(*codes: str) -> Responses:
    """The responses of a command on an order that may be refused with one of `codes`."""
    return {**NOT_FOUND, **conflict(*codes, *OF_A_KEY)}
