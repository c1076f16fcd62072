"""Requests and their answers, one answer a key."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.books import now
from db.models import IdempotencyKey
from db.once import insert_once
from domain.refusals import KeyReused, StillRunning

# Longer than a request takes, and short enough for whoever asks again after its process died. A request that
# takes longer all the same does no harm: what it causes carries its key, and the first answer stands.
HELD_FOR = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request under its key; `fingerprint` is the same for requests that ask for the same."""

    owner: str
    key: str
    fingerprint: str
    holder: str = field(default_factory=lambda: uuid4().hex)

    @property
    def digest(self) -> str:
        """What the key is stored as: of fixed length, and another one for each owner."""
        return sha256(f"{self.owner}\0{self.key}".encode()).hexdigest()

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


def claim_key(session: Session, ask: Ask) -> Claim:
    """Take the request on, if it has no answer yet.

    Raises KeyReused if the key belongs to another request, StillRunning if this one is being worked on.
    """
    at = now()
    insert_once(
        session,
        IdempotencyKey,
        ask.digest,
        owner=ask.owner,
        fingerprint=ask.fingerprint,
        asked_at=at,
        held_by=ask.holder,
        held_until=at + HELD_FOR,
    )
    row = _lock(session, ask)
    _check_fingerprint(row, ask)
    answer = _answer_in(row)
    if answer is None and row.held_by != ask.holder:
        _take_over(row, ask, at)
    return Claim(asked_at=row.asked_at, answer=answer)


def find_answer(session: Session, ask: Ask) -> Answer | None:
    """Return the answer that stands under the key; raises KeyReused if the key belongs to another request."""
    row = session.get(IdempotencyKey, ask.digest)
    if row is None:
        return None
    _check_fingerprint(row, ask)
    return _answer_in(row)


def settle_key(session: Session, ask: Ask, answer: Answer) -> Answer:
    """Return the answer that stands under the key from now on: this one, or one that was there before."""
    row = _lock(session, ask)
    if row.status is None:
        row.status, row.answer = answer.status, answer.body
    return _answer_in(row) or answer


def release_key(session: Session, ask: Ask) -> None:
    """The request is not worked on any more; whoever asks again need not wait."""
    row = _lock(session, ask)
    if row.held_by == ask.holder:
        row.held_until = now()


def _lock(session: Session, ask: Ask) -> IdempotencyKey:
    found = select(IdempotencyKey).where(IdempotencyKey.key == ask.digest).with_for_update()
    return session.execute(found.execution_options(populate_existing=True)).scalar_one()


def _check_fingerprint(row: IdempotencyKey, ask: Ask) -> None:
    if row.fingerprint != ask.fingerprint:
        raise KeyReused


def _answer_in(row: IdempotencyKey) -> Answer | None:
    return None if row.status is None else Answer(status=row.status, body=row.answer or {})


def _take_over(row: IdempotencyKey, ask: Ask, at: datetime) -> None:
    """Of a request that has not been given up, or whose process may be alive, nobody else takes over."""
    if row.held_until > at:
        raise StillRunning
    row.held_by, row.held_until = ask.holder, at + HELD_FOR
