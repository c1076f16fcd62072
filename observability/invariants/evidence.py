"""The evidence the invariants judge: the books, the providers' own logs, what clients were told."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from db.database import Database
from db.keys import digest_of
from db.models import Base, CarrierEntry, Event, IdempotencyKey, Order, Payment, PaymentProviderEntry
from domain.events import EventType
from domain.status import OrderStatus
from observability.invariants.runs import WorkflowRun

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One line of a client's journal: what was asked, what was told, and when by the client's clock.

    `status` None: no answer came, so nothing is known. `key` and `body` are the idempotency key and the
    request's body, where there were any.
    """

    operation: str
    asked_at: datetime
    answered_at: datetime
    status: int | None
    told: Row
    order_id: int | None = None
    key: str | None = None
    body: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderHistory:
    """All that is known of one order, oldest first.

    `provider` and `carrier` are None where their logs are not at hand: a db-dump does not hold them.
    `claimed_at` is when the books first saw each key of its answers, as far as they know it.
    """

    order: Row
    events: Sequence[Row]
    payments: Sequence[Row]
    provider: Sequence[Row] | None
    carrier: Sequence[Row] | None
    answers: Sequence[Answer]
    runs: Sequence[WorkflowRun] = ()
    claimed_at: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def status(self) -> OrderStatus:
        return OrderStatus(self.order["status"])

    def of(self, kind: EventType) -> list[Row]:
        return [event for event in self.events if event["type"] == kind]

    def stages(self) -> list[str]:
        return [event["stage"] for event in self.of(EventType.STAGE_REACHED)]

    def paid(self, kind: str) -> list[Row]:
        return [payment for payment in self.payments if payment["kind"] == kind]

    def first_asked_at(self, answer: Answer) -> datetime:
        """When its key was first sent: by the journal, or by the books, since a killed client forgets."""
        if answer.key is None:
            return answer.asked_at
        same = (other for other in self.answers if other.key == answer.key)
        journalled = min(other.asked_at for other in same if other.operation == answer.operation)
        return min(journalled, self.claimed_at.get(answer.key, journalled))


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a run left behind. `is_final` says that nothing is under way any more; `damage` is what the
    database's own check found, `left_behind` what waits in it for nobody.

    `runs` are Temporal's, if it was asked. `last_fault_at` and the levels, by process and by what is counted,
    are known to whoever put the system under fire.
    """

    orders: Sequence[OrderHistory]
    answers: Sequence[Answer] = ()
    damage: Sequence[str] = ()
    is_final: bool = True
    return_window: timedelta = timedelta(seconds=300)
    earlier: "Evidence | None" = field(default=None, repr=False)
    left_behind: Sequence[str] = ()
    runs: Sequence[WorkflowRun] = ()
    last_fault_at: datetime | None = None
    levels_before: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    levels_after: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


def from_database(url: str, *, answers: Sequence[Answer] = (), **more: Any) -> Evidence:
    """Read everything from one snapshot; `more` is the evidence that others have."""
    db = Database(url)
    try:
        tables, claimed_at, damage, left_behind = db.read_now(_everything)
    finally:
        db.close()
    return _evidence(tables, answers, claimed_at=claimed_at, damage=damage, left_behind=left_behind, **more)


def from_dump(dump: dict[str, list[Row]], *, is_final: bool = False) -> Evidence:
    """Judge a db-dump, also one taken in the middle of a run."""
    return _evidence({name: [_parsed(row) for row in rows] for name, rows in dump.items()}, is_final=is_final)


def read_journal(path: Path) -> list[Answer]:
    """Return the lines of a journal, each an Answer as a JSON object."""
    with path.open(encoding="utf-8") as lines:
        return [Answer(**_parsed(json.loads(line))) for line in lines]


def _evidence(
    tables: dict[str, list[Row]],
    answers: Sequence[Answer] = (),
    runs: Sequence[WorkflowRun] = (),
    claimed_at: Mapping[str, datetime] | None = None,
    **more: Any,
) -> Evidence:
    by_order = {name: _grouped(rows) for name, rows in tables.items() if name != "orders"}
    told, ran = defaultdict(list), defaultdict(list)
    for answer in answers:
        told[answer.order_id].append(answer)
    for run in runs:
        ran[run.order_id].append(run)

    def of(name: str, order_id: int) -> list[Row] | None:
        return by_order[name][order_id] if name in by_order else None

    histories = [
        OrderHistory(
            order=order,
            events=sorted(of("events", order["id"]) or [], key=lambda event: event["sequence"]),
            payments=of("payments", order["id"]) or [],
            provider=of("payment_provider_log", order["id"]),
            carrier=of("carrier_log", order["id"]),
            answers=told[order["id"]],
            runs=ran[order["id"]],
            claimed_at=_claims_of(told[order["id"]], order, claimed_at or {}),
        )
        for order in tables["orders"]
    ]
    return Evidence(orders=histories, answers=answers, runs=runs, **more)


def _claims_of(
    answers: Sequence[Answer], order: Row, claimed_at: Mapping[str, datetime]
) -> dict[str, datetime]:
    """Whoever asked was its owner: of other askers the books hold digests that nobody here can tell."""
    sent = {answer.key for answer in answers if answer.key}
    digests = {key: digest_of(order["owner"], key) for key in sent} if claimed_at else {}
    return {key: claimed_at[digest] for key, digest in digests.items() if digest in claimed_at}


def _everything(
    session: Session,
) -> tuple[dict[str, list[Row]], dict[str, datetime], list[str], list[str]]:
    """The rows of every table that is judged, when keys were claimed, what is damaged, and left behind."""
    judged = (Order, Payment, Event, PaymentProviderEntry, CarrierEntry)
    rows = {table.__tablename__: _rows(session, table) for table in judged}
    claims = session.execute(select(IdempotencyKey.key, IdempotencyKey.asked_at))
    return rows, dict(claims.all()), _damage(session), _left_behind(session)


def _grouped(rows: Iterable[Row]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["order_id"]].append(row)
    return found


def _rows(session: Session, table: type[Base]) -> list[Row]:
    found = session.execute(select(table).order_by(table.id)).scalars()  # type: ignore[attr-defined]
    return [{column.name: getattr(row, column.name) for column in table.__table__.columns} for row in found]


def _damage(session: Session) -> list[str]:
    """Ask SQLite to check itself; PostgreSQL enforces foreign keys and checks its pages as it reads them."""
    if session.get_bind().dialect.name != "sqlite":
        return []
    found = [str(row[0]) for row in session.execute(text("PRAGMA integrity_check")) if row[0] != "ok"]
    return found + [f"dangling: {tuple(row)}" for row in session.execute(text("PRAGMA foreign_key_check"))]


def _left_behind(session: Session) -> list[str]:
    """Keys that were claimed and never answered, although whoever claims one asks until it is."""
    unanswered = select(func.count()).where(IdempotencyKey.status.is_(None))
    keys = session.execute(unanswered).scalar_one()
    return [f"{keys} keys without an answer"] if keys else []


def _parsed(row: Row) -> Row:
    """Turn the moments of a JSON row back into datetimes."""
    return {
        name: datetime.fromisoformat(value) if name.endswith("at") and isinstance(value, str) else value
        for name, value in row.items()
    }
