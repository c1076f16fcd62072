"""The problems each kind of operation may answer with, for its documentation."""

from typing import Any

from api.errors import PROBLEM_TYPE
from api.schemas import Problem

Responses = dict[int | str, dict[str, Any]]


def _problem(description: str) -> dict[str, Any]:
    return {
        "description": description,
        "content": {PROBLEM_TYPE: {"schema": Problem.model_json_schema()}},
    }


UNAVAILABLE: Responses = {
    503: _problem("Temporal, its workers or the database are away, or the decision is not known yet")
}
NOT_FOUND: Responses = {404: _problem("There is no such order")}


def conflict(*codes: str) -> Responses:
    """The response of an operation that may be refused with one of `codes`."""
    return {409: _problem(f"Refused: {', '.join(codes)}")}


def refused(*codes: str) -> Responses:
    """The responses of a command on an order that may be refused with one of `codes`."""
    return {**NOT_FOUND, **conflict(*codes), **UNAVAILABLE}
