"""The FastAPI application, put together from its routes, its guard and its errors."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from fastapi import FastAPI

from api import commands, dump, errors, health, metrics, orders, pages, server, trials
from api.guards import Guard

DESCRIPTION = """
An order goes through eight stages while the calls behind them fail and hang on purpose.

Start the server, place an order, watch its stage; cancel it, change its address, return it.
"""


def build_app(lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]], *, api_host: str) -> FastAPI:
    """Return the application; `lifespan` gives `app.state.context` what the routes work with."""
    app = FastAPI(
        title="Order lifecycle",
        version="0.1.0",
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        generate_unique_id_function=lambda route: route.name,
    )
    for room in (server, orders, commands, dump, trials, health, metrics, pages):
        app.include_router(room.router)
    app.mount("/static", pages.static_files(), name="static")
    errors.install(app)
    app.add_middleware(Guard, api_host=api_host)
    return app
