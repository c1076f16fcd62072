"""What is not `async` the framework calls in a thread, which costs more than what it does there."""

from collections.abc import Iterator
from contextlib import nullcontext
from inspect import iscoroutinefunction
from typing import Any

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from api import errors
from api.app import ROOMS, build_app
from api.asking import needs
from config.api_keys import Scope
from config.settings import Settings


def called_by(dependant: Dependant) -> Iterator[Any]:
    yield dependant.call
    for dependency in dependant.dependencies:
        yield from called_by(dependency)


def test_routes_and_what_they_depend_on_are_called_on_the_loop() -> None:
    routes = [route for room, _ in ROOMS for route in room.router.routes if isinstance(route, APIRoute)]
    called = {call for route in routes for call in called_by(route.dependant)}
    called |= {needs(scope).dependency for scope in Scope}

    assert len(called) > len(routes)
    assert [call for call in called if not iscoroutinefunction(call)] == []


def test_errors_are_answered_on_the_loop() -> None:
    app = build_app(lambda _: nullcontext(), Settings())
    handlers = [getattr(call, "func", call) for call in app.exception_handlers.values()]

    # The framework's own, for what no route of ours can raise, stand among them.
    ours = [call for call in handlers if call.__module__ == errors.__name__]
    assert ours
    assert [call for call in ours if not iscoroutinefunction(call)] == []
