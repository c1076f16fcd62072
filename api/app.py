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
from api.guards import Guard
from api.journal import RequestLog
from api.once import KeyEcho
from api.responses import ANYWHERE
from api.turnstile import Turnstile

DESCRIPTION = """
An order goes through eight stages while the calls behind them fail and hang on purpose.

Start the server, place an order, watch its stage; cancel it, change its address, return it.
"""

# In the order in which the documentation shows them.
ROOMS = (
    server,
    placing,
    commands,
    reading,
    timeline,
    actions,
    attempts,
    figures,
    dump,
    trials,
    weather,
    stream,
    health,
    metrics,
    pages,
)


# A caller may name its own request, with something that does no harm in a log.
AN_ID = re.compile(r"[0-9A-Za-z._-]{1,64}")


def _is_harmless(request_id: str) -> bool:
    return AN_ID.fullmatch(request_id) is not None


class App(FastAPI):
    """Its contract describes errors too."""

    def openapi(self) -> dict[str, Any]:
        """Return the contract; made once."""
        contract = super().openapi()
        contract["components"]["schemas"]["Problem"] = Problem.model_json_schema()
        return contract


def build_app(lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]], *, api_host: str) -> FastAPI:
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
    for room in ROOMS:
        app.include_router(room.router)
    app.mount("/static", pages.static_files(), name="static")
    errors.install(app, [route for room in ROOMS for route in room.router.routes])
    app.add_middleware(Turnstile)
    app.add_middleware(KeyEcho)
    app.add_middleware(Guard, api_host=api_host)
    app.add_middleware(RequestLog)
    app.add_middleware(CorrelationIdMiddleware, validator=_is_harmless)
    return app
