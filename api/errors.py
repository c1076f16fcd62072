"""Every error leaves as a problem of RFC 9457 with a stable code; this is the one place that says how."""

import logging
import re
from collections.abc import Sequence
from functools import partial
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DatabaseError, DataError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from domain.faults import Fault
from domain.orders import OrderId
from domain.refusals import Refusal, StillRunning
from engine.link import TemporalAway

log = logging.getLogger(__name__)

PROBLEM_TYPE = "application/problem+json"

# By then a passing outage has usually passed.
RETRY_AFTER_SECONDS = "1"

# Who has made more mistakes than this in one request is helped by the first few.
MISTAKES_LISTED = 20

# The names of our own fields are such; a name that was made up by the sender may be anything.
FIELD_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")


class ApiError(Exception):
    """An answer that is not a refusal by an order's rules."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR
    code = "INTERNAL_ERROR"

    def __init__(self, detail: str, order_id: OrderId | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.order_id = order_id


class OrderNotFound(ApiError):
    """There is no such order."""

    status = HTTPStatus.NOT_FOUND
    code = "ORDER_NOT_FOUND"

    def __init__(self, order_id: OrderId) -> None:
        super().__init__(f"there is no order {order_id}", order_id)


class DecisionPending(ApiError):
    """The command may or may not have been taken: not known yet, never refused."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "DECISION_PENDING"

    def __init__(self, order_id: OrderId) -> None:
        super().__init__("what became of the command is not known yet; ask again", order_id)


def problem_body(status: HTTPStatus, code: str, detail: str, **more: Any) -> dict[str, Any]:
    """Return what a problem says; of `more` what is known."""
    return {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "code": code,
        "detail": detail,
        **{name: value for name, value in more.items() if value is not None},
    }


def problem(status: HTTPStatus, code: str, detail: str, **more: Any) -> JSONResponse:
    """Return the answer; one that may be another in a moment says when to ask again."""
    passes = status is HTTPStatus.SERVICE_UNAVAILABLE or code == StillRunning.code
    return JSONResponse(
        problem_body(status, code, detail, **more),
        status_code=status,
        media_type=PROBLEM_TYPE,
        headers={"Retry-After": RETRY_AFTER_SECONDS} if passes else None,
    )


def install(app: FastAPI, routes: Sequence[BaseRoute]) -> None:
    """Make every exception an answer; `routes` are all that the app answers at."""
    app.add_exception_handler(ApiError, _api_error)
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(Fault, _fault)
    app.add_exception_handler(TemporalAway, _temporal_away)
    for outage in (DatabaseError, NoConnectionFree):
        app.add_exception_handler(outage, _database_away)
    for mistake_of_ours in (IntegrityError, ProgrammingError, DataError):
        app.add_exception_handler(mistake_of_ours, _bug)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, partial(_http, routes))
    app.add_exception_handler(Exception, _bug)


async def _api_error(_request: Request, error: Any) -> JSONResponse:
    return problem(error.status, error.code, error.detail, order_id=error.order_id)


async def _refused(_request: Request, error: Any) -> JSONResponse:
    return problem(HTTPStatus.CONFLICT, error.code, error.message)


async def _fault(_request: Request, error: Any) -> JSONResponse:
    return problem(HTTPStatus.SERVICE_UNAVAILABLE, "NOT_READY", str(error))


async def _temporal_away(_request: Request, _error: Any) -> JSONResponse:
    return problem(HTTPStatus.SERVICE_UNAVAILABLE, "TEMPORAL_UNAVAILABLE", "Temporal does not answer")


async def _database_away(_request: Request, error: Any) -> JSONResponse:
    log.error("database.unavailable", extra={"reason": str(getattr(error, "orig", error))})
    return problem(HTTPStatus.SERVICE_UNAVAILABLE, "DATABASE_UNAVAILABLE", "the database does not answer")


async def _invalid(_request: Request, error: Any) -> JSONResponse:
    """Name each field and what is wrong with it; never repeat what was sent."""
    mistakes = error.errors()
    return problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "INVALID_REQUEST",
        f"{len(mistakes)} mistake(s)",
        errors=[_described(mistake) for mistake in mistakes[:MISTAKES_LISTED]],
    )


def _described(mistake: dict[str, Any]) -> dict[str, str]:
    parts = (str(part) for part in mistake["loc"])
    return {
        "field": ".".join(part if FIELD_NAME.fullmatch(part) else "?" for part in parts),
        "message": mistake["msg"].removeprefix("Value error, "),
    }


async def _http(routes: Sequence[BaseRoute], request: Request, error: Any) -> JSONResponse:
    status = HTTPStatus(error.status_code)
    answer = problem(status, status.name, str(error.detail))
    answer.headers.update(error.headers or {})
    if status is HTTPStatus.METHOD_NOT_ALLOWED and (methods := _methods_at(routes, request)):
        answer.headers["Allow"] = ", ".join(sorted(methods))
    return answer


def _methods_at(routes: Sequence[BaseRoute], request: Request) -> set[str]:
    """What the path may be asked with; the framework tells of the first operation at a path alone."""
    there = [route for route in routes if route.matches(request.scope)[0] is not Match.NONE]
    return set().union(*(route.methods or () for route in there if isinstance(route, Route)))


class CrashReport:
    """Whatever nobody has foreseen is told in the log, and to the caller as a problem like any other.

    The handler for all exceptions is called outside of every middleware, so its answer would lack what they
    add; it is left with answers that break off in the middle.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_begun = False

        async def send_on(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, send_on)
        except Exception as error:
            if has_begun or scope["type"] != "http":
                raise
            answer = await _bug(Request(scope), error)
            await answer(scope, receive, send)


async def _bug(request: Request, error: Any) -> JSONResponse:
    log.error("request.crashed", exc_info=error, extra={"path": request.url.path})
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "INTERNAL_ERROR", "an error of ours; it is in the log")
