"""The FastAPI application, put together from its routes, its guard and its errors."""

import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from asgi_correlation_id import CorrelationIdMiddleware
from fastapi import FastAPI

from api import (
    actions,
    attempts,
    commands,
    dump,
    errors,
    figures,
    health,
    metrics,
    pages,
    placing,
    reading,
    server,
    stream,
    timeline,
    trials,
    weather,
)
from api.answers import Problem
from api.asking import needs
from api.gate import Gate
from api.guards import Guard
from api.journal import RequestLog
from api.once import KeyEcho
from api.responses import ANYWHERE
from api.security_schemes import describe_keys
from api.turnstile import Turnstile
from config.api_keys import Scope
from config.settings import Settings

DESCRIPTION = """
An order goes through eight stages while the calls behind them fail and hang on purpose.

Start the server, place an order, watch its stage; cancel it, change its address, return it.
"""

# In the order in which the documentation shows them, each with what a key must open to enter.
ROOMS: tuple[tuple[Any, Scope | None], ...] = (
    (server, Scope.ADMIN),
    (placing, Scope.WRITE),
    (commands, Scope.WRITE),
    (reading, Scope.READ),
    (timeline, Scope.READ),
    (actions, Scope.READ),
    (attempts, Scope.READ),
    (figures, Scope.ADMIN),
    (dump, Scope.ADMIN),
    (trials, Scope.WRITE),
    (weather, Scope.ADMIN),
    (stream, Scope.READ),
    (health, None),
    (metrics, Scope.ADMIN),
    (pages, None),
)


# A caller may name its own request, with something that does no harm in a log.
AN_ID = re.compile(r"[0-9A-Za-z._-]{1,64}")


def _is_harmless(request_id: str) -> bool:
    return AN_ID.fullmatch(request_id) is not None


class App(FastAPI):
    """Its contract describes errors and keys too."""

    needs_keys = False

    def openapi(self) -> dict[str, Any]:
        """Return the contract; made once."""
        contract = super().openapi()
        contract["components"]["schemas"]["Problem"] = Problem.model_json_schema()
        describe_keys(contract, needed=self.needs_keys)
        return contract


def build_app(
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]], settings: Settings
) -> FastAPI:
    """Return the application; `lifespan` gives `app.state.context` what the routes work with."""
    app = App(
        title="Order lifecycle",
        version="0.1.0",
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        responses=ANYWHERE,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    app.needs_keys = bool(settings.api_keys)
    for room, scope in ROOMS:
        app.include_router(room.router, dependencies=[needs(scope)] if scope else None)
    app.mount("/static", pages.static_files(), name="static")
    errors.install(app, [route for room, _ in ROOMS for route in room.router.routes])
    app.add_middleware(Turnstile)
    app.add_middleware(errors.CrashReport)
    app.add_middleware(KeyEcho)
    app.add_middleware(Guard, names=(settings.api_host, *settings.api_names))
    app.add_middleware(Gate, holders=settings.api_keys, per_minute=settings.api_requests_per_minute)
    app.add_middleware(RequestLog)
    app.add_middleware(CorrelationIdMiddleware, validator=_is_harmless)
    return app
