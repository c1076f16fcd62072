"""No more at once than can be answered in time: the rest is told at once to ask again."""

from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.context import Context
from api.errors import problem

# A request takes milliseconds, a decision that waits for a charge up to 5 s. More than these only queue.
MAX_IN_FLIGHT = 100

# A trial takes as long as an order, or as the moment that was asked for: up to two minutes.
MAX_TRIALS = 10

TRIALS = frozenset({"/trials/cancel-order", "/trials/update-address"})
PLACES_AN_ORDER = TRIALS | {"/orders"}

# Whoever wants to know how we are is always told; whoever reads the events along is counted there.
ALWAYS_LET_IN = frozenset({"/healthz", "/readyz", "/metrics", "/events/stream"})


class Turnstile:
    """Counts who is inside: from when their body has arrived to when their answer begins.

    Before and after that nothing is waited for but them; a dump, which reads on, has its own count.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._inside: set[object] = set()
        self._trials: set[object] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in ALWAYS_LET_IN:
            await self._app(scope, receive, send)
        elif self._is_full_for(scope):
            await _overloaded(scope, receive, send)
        else:
            await self._let_in(scope, receive, send)

    def _is_full_for(self, scope: Scope) -> bool:
        return len(self._inside) >= MAX_IN_FLIGHT or (
            scope["path"] in TRIALS and len(self._trials) >= MAX_TRIALS
        )

    async def _let_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        visitor = object()

        async def send_on_the_way_out(message: Message) -> None:
            self._leave(visitor)
            await send(message)

        self._inside.add(visitor)
        if scope["path"] in TRIALS:
            self._trials.add(visitor)
        try:
            if await _is_an_order_too_many(scope):
                await _overloaded(scope, receive, send_on_the_way_out)
            else:
                await self._app(scope, receive, send_on_the_way_out)
        finally:
            self._leave(visitor)

    def _leave(self, visitor: object) -> None:
        self._inside.discard(visitor)
        self._trials.discard(visitor)


async def _is_an_order_too_many(scope: Scope) -> bool:
    places_one = scope["method"] == "POST" and scope["path"] in PLACES_AN_ORDER
    return places_one and not await _context(scope).admission.is_open()


def _context(scope: Scope) -> Context:
    context: Context = scope["app"].state.context
    return context


async def _overloaded(scope: Scope, receive: Receive, send: Send) -> None:
    told = problem(HTTPStatus.SERVICE_UNAVAILABLE, "OVERLOADED", "more than can be done at once; ask again")
    await told(scope, receive, send)
