"""No more at once than can be answered in time: the rest is told at once to ask again."""

from http import HTTPStatus

from starlette.types import ASGIApp, Receive, Scope, Send

from api.context import Context
from api.errors import problem

# A request takes milliseconds, a decision that waits for a charge up to 5 s. More than these only queue.
MAX_IN_FLIGHT = 100

# Whoever wants to know how we are is always told; whoever reads the events along is counted there.
ALWAYS_LET_IN = frozenset({"/healthz", "/readyz", "/metrics", "/events/stream"})


class Turnstile:
    """Counts who is inside; requests whose body has not arrived yet are still outside."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._inside = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in ALWAYS_LET_IN:
            await self._app(scope, receive, send)
        elif self._inside >= MAX_IN_FLIGHT or await _is_an_order_too_many(scope):
            await _overloaded(scope, receive, send)
        else:
            self._inside += 1
            try:
                await self._app(scope, receive, send)
            finally:
                self._inside -= 1


async def _is_an_order_too_many(scope: Scope) -> bool:
    places_one = scope["method"] == "POST" and scope["path"] == "/orders"
    return places_one and not await _context(scope).admission.is_open()


def _context(scope: Scope) -> Context:
    context: Context = scope["app"].state.context
    return context


async def _overloaded(scope: Scope, receive: Receive, send: Send) -> None:
    told = problem(HTTPStatus.SERVICE_UNAVAILABLE, "OVERLOADED", "more than can be done at once; ask again")
    await told(scope, receive, send)
