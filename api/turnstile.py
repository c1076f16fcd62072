"""No more at once than can be answered in time: the rest is told at once to ask again."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from starlette.types import ASGIApp, Receive, Scope, Send

from api.context import Context
from api.errors import problem

# A request takes milliseconds, a decision that waits for a charge up to 5 s. More than these only queue.
MAX_IN_FLIGHT = 100

# A trial takes as long as an order, or as the moment that was asked for: up to a minute and a half.
MAX_TRIALS = 10

# What begins with a new order.
TRIALS = frozenset({"/trials/cancel-order", "/trials/update-address"})
PLACES_AN_ORDER = TRIALS | {"/orders"}

# Whoever wants to know how we are is always told; whoever reads the events along is counted there.
ALWAYS_LET_IN = frozenset({"/healthz", "/readyz", "/metrics", "/events/stream"})


class Turnstile:
    """Counts who is inside; requests whose body has not arrived yet are still outside."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._inside = 0
        self._trials = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in ALWAYS_LET_IN:
            await self._app(scope, receive, send)
        elif self._is_full_for(scope) or await _is_an_order_too_many(scope):
            await _overloaded(scope, receive, send)
        else:
            with self._counted(scope):
                await self._app(scope, receive, send)

    def _is_full_for(self, scope: Scope) -> bool:
        return self._inside >= MAX_IN_FLIGHT or (self._trials >= MAX_TRIALS and scope["path"] in TRIALS)

    @contextmanager
    def _counted(self, scope: Scope) -> Iterator[None]:
        is_trial = scope["path"] in TRIALS
        self._inside += 1
        self._trials += is_trial
        try:
            yield
        finally:
            self._inside -= 1
            self._trials -= is_trial


async def _is_an_order_too_many(scope: Scope) -> bool:
    places_one = scope["method"] == "POST" and scope["path"] in PLACES_AN_ORDER
    return places_one and not await _context(scope).admission.is_open()


def _context(scope: Scope) -> Context:
    context: Context = scope["app"].state.context
    return context


async def _overloaded(scope: Scope, receive: Receive, send: Send) -> None:
    told = problem(HTTPStatus.SERVICE_UNAVAILABLE, "OVERLOADED", "more than can be done at once; ask again")
    await told(scope, receive, send)
