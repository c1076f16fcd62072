"""A request under its idempotency key: done once and answered alike, however often it is asked."""

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime
from functools import partial
from hashlib import sha256
from http import HTTPStatus
from typing import Annotated, Any
from uuid import uuid4

from fastapi import Depends, Header, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.asking import TheAsker
from api.errors import PROBLEM_TYPE, DecisionPending, problem_body
from db.books import note_command, was_accepted
from db.database import Database
from db.keys import Answer, Ask, claim_key, release_key, settle_key
from db.reads import read_order
from domain.events import CUSTOMER, CommandNote
from domain.orders import ANYBODY, OrderId
from domain.refusals import Refusal

log = logging.getLogger(__name__)

IDEMPOTENCY_HEADER = "Idempotency-Key"
LONGEST_KEY = 255

# Visible ASCII.
VISIBLE = "^[!-~]+$"

Work = Callable[[datetime], Awaitable[BaseModel]]
Note = Callable[[Refusal], CommandNote | None]


async def _ask(
    request: Request,
    asker: TheAsker,
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=1,
            max_length=LONGEST_KEY,
            pattern=VISIBLE,
            description="The same key and body: the same answer, one effect. Without one, a key is made.",
        ),
    ] = None,
) -> Ask:
    key = idempotency_key or uuid4().hex
    request.state.idempotency_key = key
    return Ask(owner=asker.owner, key=key, fingerprint=_fingerprint(request, await request.body()))


TheAsk = Annotated[Ask, Depends(_ask)]


def an_ask_of_our_own(owner: str) -> Ask:
    """A request of that owner's that nobody sent and nobody will send again."""
    return Ask(owner=owner, key=uuid4().hex, fingerprint="")


def actor_of(ask: Ask) -> str:
    """Whom the books name for what the request causes."""
    return CUSTOMER if ask.owner == ANYBODY else ask.owner


async def once(db: Database, ask: Ask, order_id: OrderId, work: Work, note: Note) -> Answer:
    """Return the answer that stands under the key, doing the work first if there is none.

    `work` is given the moment of the first asking; what it raises as a refusal is an answer too, and is
    written down as `note` says in the transaction that stores it. Anything else it raises says that the
    answer is not known yet: the key may be asked again at once. Raises KeyReused, StillRunning and
    DecisionPending.
    """
    claim = await db.write(partial(claim_key, ask=ask))
    if claim.answer is not None:
        return claim.answer
    try:
        body = (await work(claim.asked_at)).model_dump(mode="json")
    except Refusal as refusal:
        record = partial(_record_refusal, ask=ask, order_id=order_id, refusal=refusal, note=note(refusal))
        return await db.write(record)
    except Exception:
        with suppress(SQLAlchemyError):
            await db.write(partial(release_key, ask=ask))
        raise
    return await db.write(partial(settle_key, ask=ask, answer=Answer(status=HTTPStatus.OK, body=body)))


def told(
    answer: Answer,
    *,
    if_accepted: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """Return the answer as it goes out; `if_accepted` is said as well, unless it is a refusal."""
    if answer.status >= HTTPStatus.BAD_REQUEST:
        return JSONResponse(answer.body, status_code=answer.status, media_type=PROBLEM_TYPE)
    return JSONResponse({**answer.body, **(if_accepted or {})}, status_code=answer.status, headers=headers)


class KeyEcho:
    """Every answer to a request with a key names it, so that a key we made can be asked with again."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_key(message: Message) -> None:
            key = scope.get("state", {}).get("idempotency_key")
            if key and message["type"] == "http.response.start":
                MutableHeaders(scope=message)[IDEMPOTENCY_HEADER] = key
            await send(message)

        await self._app(scope, receive, send_with_key)


def _fingerprint(request: Request, body: bytes) -> str:
    """The same for requests that ask for the same, whatever the blanks and the order of fields in a body."""
    asked = json.dumps(json.loads(body), sort_keys=True) if body else ""
    return sha256(f"{request.method}\0{request.url.path}\0{asked}".encode()).hexdigest()


def _record_refusal(
    connection: Connection, ask: Ask, order_id: OrderId, refusal: Refusal, note: CommandNote | None
) -> Answer:
    if note is not None:
        note_command(connection, order_id, note)
        if was_accepted(connection, order_id, note.command, note.command_id):
            # Under the same key, by another process, while this request was held up.
            raise DecisionPending(order_id)
    stage = read_order(connection, order_id).stage
    body = problem_body(
        HTTPStatus.CONFLICT,
        refusal.code,
        refusal.message,
        order_id=order_id,
        stage=stage.value if stage else None,
    )
    return settle_key(connection, ask, Answer(status=HTTPStatus.CONFLICT, body=body))
