"""What every route works with, made once by create_app."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Path, Request

from api.desk import Desk
from domain.orders import OrderId
from supervisor.supervisor import Supervisor

# The largest id a 64-bit column can hold.
LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The desk takes orders and commands; the supervisor starts and stops the processes behind it."""

    desk: Desk
    supervisor: Supervisor


def _context(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


def _desk(request: Request) -> Desk:
    return _context(request).desk


def _supervisor(request: Request) -> Supervisor:
    return _context(request).supervisor


def _order_id(order_id: Annotated[int, Path(ge=1, le=LARGEST_ID)]) -> OrderId:
    return OrderId(order_id)


TheContext = Annotated[Context, Depends(_context)]
TheDesk = Annotated[Desk, Depends(_desk)]
TheSupervisor = Annotated[Supervisor, Depends(_supervisor)]
AnOrderId = Annotated[OrderId, Depends(_order_id)]
