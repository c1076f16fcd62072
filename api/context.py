"""What every route works with, made once by create_app."""

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Protocol

from fastapi import Depends, Path, Request
from pydantic import BeforeValidator, Field

from api.admission import Admission
from api.asking import TheAsker
from api.desk import Desk
from api.errors import OrderNotFound
from api.feed import Feed
from db.reads import find_owner
from domain.orders import OrderId
from supervisor.status import ServerStatus

# The largest id a 64-bit column can hold.
LARGEST_ID = 2**63 - 1


class Processes(Protocol):
    """What runs behind the API; the supervisor, outside of tests."""

    async def start(self) -> ServerStatus:
        """Return once all is ready; raises a refusal or a fault otherwise."""

    async def status(self) -> ServerStatus:
        """Return what runs now."""

    async def stop(self) -> ServerStatus:
        """Return once nothing is left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The desk takes orders and commands; `processes` are what the API starts and stops behind it.

    The feed tells what happens to the orders; the admission, whether one more can be taken.
    """

    desk: Desk
    admission: Admission
    feed: Feed
    processes: Processes


def _of(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


# Of these and of every other dependency: one that is not `async` would be called in a thread.
async def _context(request: Request) -> Context:
    return _of(request)


async def _desk(request: Request) -> Desk:
    return _of(request).desk


async def _feed(request: Request) -> Feed:
    return _of(request).feed


async def _processes(request: Request) -> Processes:
    return _of(request).processes


def digits(text: Any) -> Any:
    """Nothing but digits; what reads numbers would also take blanks, signs and points."""
    if isinstance(text, str) and not (text.isascii() and text.isdigit()):
        raise ValueError("must be a whole number")
    return text


async def _number(
    order_id: Annotated[int, Field(ge=1, le=LARGEST_ID), BeforeValidator(digits), Path()],
) -> OrderId:
    return OrderId(order_id)


TheContext = Annotated[Context, Depends(_context)]
TheDesk = Annotated[Desk, Depends(_desk)]
TheFeed = Annotated[Feed, Depends(_feed)]
TheProcesses = Annotated[Processes, Depends(_processes)]
AnOrderNumber = Annotated[OrderId, Depends(_number)]


async def _own_order(number: AnOrderNumber, desk: TheDesk, asker: TheAsker) -> OrderId:
    """Another owner's order is answered for as one that does not exist."""
    if asker.only_owner is not None:
        owner = await desk.db.read(partial(find_owner, order_id=number))
        if owner != asker.only_owner:
            raise OrderNotFound(number)
    return number


# Of an order that whoever asks may know of.
AnOrderId = Annotated[OrderId, Depends(_own_order)]
