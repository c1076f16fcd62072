"""The three tables, as JSON or as text, read in one transaction and streamed."""

import asyncio
import json
from collections.abc import Generator, Iterable, Iterator
from functools import partial
from http import HTTPStatus
from itertools import chain
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from sqlalchemy import Select, select
from sqlalchemy.orm import Session
from starlette.types import Receive, Scope, Send

from api.answers import Dump, EventRow, OrderRow, PaymentRow
from api.context import LARGEST_ID, TheDesk
from api.errors import ApiError
from db.database import TooManyStreams
from db.models import Base, Event, Order, Payment

router = APIRouter(tags=["orders"])

TABLES: tuple[tuple[str, type[Base], type[BaseModel]], ...] = (
    ("orders", Order, OrderRow),
    ("payments", Payment, PaymentRow),
    ("events", Event, EventRow),
)

# Rows fetched at a time: enough to be quick, few enough to stay small.
BATCH = 500

# Sent at a time: a piece a row would be a thread's work a row.
PIECE_CHARACTERS = 32 * 1024


class DumpsBusy(ApiError):
    """As many dumps as may be are being sent."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "DUMPS_BUSY"

    def __init__(self) -> None:
        super().__init__("other dumps are being read; ask again when they are done")


@router.get(
    "/db-dump",
    summary="db_dump",
    response_model=Dump,
    response_class=StreamingResponse,
    responses={
        200: {
            "content": {
                "application/json": {"schema": {"$ref": "#/components/schemas/Dump"}},
                "text/plain": {"schema": {"type": "string"}},
            }
        }
    },
)
async def db_dump(
    desk: TheDesk,
    format: Annotated[Literal["json", "text"], Query()] = "json",  # noqa: A002 - the contract's name
    after_order: Annotated[int, Query(ge=0, le=LARGEST_ID, description="only orders above this id")] = 0,
    limit: Annotated[int | None, Query(ge=1, le=LARGEST_ID, description="at most so many orders")] = None,
) -> StreamingResponse:
    """Print the Orders, Payments and Events tables: all of them, unless asked for less."""
    write = _as_text if format == "text" else _as_json
    media_type = "text/plain; charset=utf-8" if format == "text" else "application/json"
    pieces = _in_pieces(desk.db.stream(partial(write, after_order=after_order, limit=limit)))
    return DumpStream(await _first_of(pieces), pieces, media_type=media_type)


class DumpStream(StreamingResponse):
    """Lets its snapshot go as soon as it ends, also in the middle."""

    def __init__(self, first: str, pieces: Generator[str, None, None], *, media_type: str) -> None:
        super().__init__(chain([first], pieces), media_type=media_type)
        self._pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await asyncio.shield(asyncio.to_thread(self._pieces.close))


async def _first_of(pieces: Iterator[str]) -> str:
    """What can go wrong at the beginning goes wrong now, while it can still be said."""
    try:
        return await asyncio.to_thread(next, pieces, "")
    except TooManyStreams:
        raise DumpsBusy from None


def _in_pieces(texts: Iterable[str]) -> Generator[str, None, None]:
    piece, length = [], 0
    for text in texts:
        piece.append(text)
        length += len(text)
        if length >= PIECE_CHARACTERS:
            yield "".join(piece)
            piece, length = [], 0
    yield "".join(piece)


def _as_json(session: Session, after_order: int, limit: int | None) -> Iterator[str]:
    yield "{"
    for number, (name, _, rows) in enumerate(_tables(session, after_order, limit)):
        yield f'{"," if number else ""}"{name}":['
        for position, row in enumerate(rows):
            yield ("," if position else "") + row.model_dump_json()
        yield "]"
    yield "}"


def _as_text(session: Session, after_order: int, limit: int | None) -> Iterator[str]:
    """The rows are read twice, in the same snapshot: to learn how wide the columns are, and to write them."""
    widths = [_widths(schema, rows) for _, schema, rows in _tables(session, after_order, limit)]
    tables = _tables(session, after_order, limit)
    for (name, _, rows), width in zip(tables, widths, strict=True):
        yield f"{name}\n"
        yield _line({column: column for column in width}, width)
        yield _line({column: "-" * length for column, length in width.items()}, width)
        for row in rows:
            yield _line(_cells(row), width)
        yield "\n"


def _tables(
    session: Session, after_order: int, limit: int | None
) -> Iterator[tuple[str, type[BaseModel], Iterator[BaseModel]]]:
    for name, table, schema in TABLES:
        found = session.execute(_query(table, after_order, limit).execution_options(yield_per=BATCH))
        yield name, schema, (schema.model_validate(row) for row in found.scalars())


def _query(table: type[Base], after_order: int, limit: int | None) -> Select[Any]:
    """The rows of the wanted orders, oldest first."""
    wanted = select(Order.id).where(Order.id > after_order).order_by(Order.id).limit(limit)
    column = Order.id if table is Order else table.order_id  # type: ignore[attr-defined]
    return select(table).where(column.in_(wanted)).order_by(table.id)  # type: ignore[attr-defined]


def _widths(schema: type[BaseModel], rows: Iterator[BaseModel]) -> dict[str, int]:
    width = {column: len(column) for column in schema.model_fields}
    for row in rows:
        for column, cell in _cells(row).items():
            width[column] = max(width[column], len(cell))
    return width


def _cells(row: BaseModel) -> dict[str, str]:
    return {
        column: json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else _plain(value)
        for column, value in row.model_dump(mode="json").items()
    }


def _plain(value: Any) -> str:
    return "" if value is None else str(value)


def _line(cells: dict[str, str], width: dict[str, int]) -> str:
    return "  ".join(cells[column].ljust(length) for column, length in width.items()).rstrip() + "\n"
