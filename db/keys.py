"""Requests and their answers, one answer a key."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, bindparam, update

from db.books import now
from db.models import KEYS
from db.once import held_row_of, insert_once, row_of
from db.reads import Source
from domain.refusals import KeyReused, StillRunning

# Longer than a request takes, and short enough for whoever asks again after its process died. A request that
# takes longer all the same does no harm: what it causes carries its key, and the first answer stands.
HELD_FOR = timedelta(seconds=10)

WRITE = update(KEYS).where(KEYS.c.key == bindparam("wanted"))


def digest_of(owner: str, key: str) -> str:
    """Return what a key is stored as: of fixed length, and another one for each owner."""
    return sha256(f"{owner}\0{key}".encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request under its key; `fingerprint` is the same for requests that ask for the same."""

    owner: str
    key: str
    fingerprint: str
    holder: str = field(default_factory=lambda: uuid4().hex)

    @property
    def digest(self) -> str:
        return digest_of(self.owner, self.key)

    @property
    def command_id(self) -> str:
        """What the request causes is done once under this id, whichever process causes it."""
        return self.digest[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP status and a body."""

    status: int
    body: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The right to work on a request, unless it has its `answer`; `asked_at` is when it was first asked."""

    asked_at: datetime
    answer: Answer | None


def claim_key(connection: Connection, ask: Ask) -> Claim:
    """Take the request on, if it has no answer yet.

    Raises KeyReused if the key belongs to another request, StillRunning if this one is being worked on.
    """
    at = now()
    row = insert_once(
        connection,
        KEYS,
        ask.digest,
        owner=ask.owner,
        fingerprint=ask.fingerprint,
        asked_at=at,
        held_by=ask.holder,
        held_until=at + HELD_FOR,
    )
    _check_fingerprint(row, ask)
    answer = _answer_in(row)
    if answer is None and row.held_by != ask.holder:
        _take_over(connection, row, ask, at)
    return Claim(asked_at=row.asked_at, answer=answer)


def find_answer(source: Source, ask: Ask) -> Answer | None:
    """Return the answer that stands under the key; raises KeyReused if the key belongs to another request."""
    row = source.execute(row_of(KEYS), {"wanted": ask.digest}).one_or_none()
    if row is None:
        return None
    _check_fingerprint(row, ask)
    return _answer_in(row)


def settle_key(connection: Connection, ask: Ask, answer: Answer) -> Answer:
    """Return the answer that stands under the key from now on: this one, or one that was there before."""
    earlier = _answer_in(_lock(connection, ask))
    if earlier is None:
        _write(connection, ask, status=answer.status, answer=answer.body)
    return earlier or answer


def release_key(connection: Connection, ask: Ask) -> None:
    """The request is not worked on any more; whoever asks again need not wait."""
    if _lock(connection, ask).held_by == ask.holder:
        _write(connection, ask, held_until=now())


def _lock(connection: Connection, ask: Ask) -> Row[Any]:
    return connection.execute(held_row_of(KEYS), {"wanted": ask.digest}).one()


def _write(connection: Connection, ask: Ask, **columns: Any) -> None:
    connection.execute(WRITE, {"wanted": ask.digest, **columns})


def _check_fingerprint(row: Row[Any], ask: Ask) -> None:
    if row.fingerprint != ask.fingerprint:
        raise KeyReused


def _answer_in(row: Row[Any]) -> Answer | None:
    return None if row.status is None else Answer(status=row.status, body=row.answer or {})


def _take_over(connection: Connection, row: Row[Any], ask: Ask, at: datetime) -> None:
    """Of a request that has not been given up, or whose process may be alive, nobody else takes over."""
    if row.held_until > at:
        raise StillRunning
    _write(connection, ask, held_by=ask.holder, held_until=at + HELD_FOR)
