"""The tables. `events`, `payments` and the providers' own logs only ever grow; triggers hold them to it."""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    String,
    TypeDecorator,
)
from sqlalchemy import text as sql
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from domain.orders import ANYBODY


class UtcTime(TypeDecorator[datetime]):
    """A moment in UTC with millisecond precision; naive datetimes are refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone")
        utc = value.astimezone(UTC)
        return utc.replace(microsecond=utc.microsecond // 1000 * 1000)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Words(TypeDecorator[str]):
    """What somebody said, as far as the column holds it: cut to its length, without what PostgreSQL refuses.

    The API lets nothing else in. A signal sent to Temporal by hand passes it by, and a decision that cannot
    be written would be tried for ever.
    """

    impl = String
    cache_ok = True

    def __init__(self, length: int) -> None:
        super().__init__(length)
        # SQLAlchemy knows two such types apart by the attributes named as their parameters.
        self.length = length

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        if value is None:
            return None
        writable = value.replace("\0", "").encode(errors="replace").decode()
        return writable[: self.length]


class Name(Words):
    """An id that came the same way; one that cannot be written as it is, as its digest: no two become one."""

    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        written = super().process_bind_param(value, dialect)
        if value is None or written == value:
            return value
        return sha256(value.encode(errors="surrogatepass")).hexdigest()


# SQLite counts up only a column that is declared INTEGER; there it holds 64 bits as well.
BigId = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    """All tables share one metadata, which Alembic compares with the migrations."""


class Installation(Base):
    """One row: the random tag that makes this database's workflow ids its own."""

    __tablename__ = "installation"

    id: Mapped[int] = mapped_column(primary_key=True)
    tag: Mapped[str] = mapped_column(String(16))


class Order(Base):
    """An order as it stands; `amount_cents` is frozen at intake."""

    __tablename__ = "orders"
    __table_args__ = (Index("orders_of_owner", "owner", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    workflow_id: Mapped[str | None] = mapped_column(String(100), unique=True)
    status: Mapped[str] = mapped_column(String(20), index=True)
    stage: Mapped[str | None] = mapped_column(String(30))
    address: Mapped[dict[str, Any]] = mapped_column(JSON)
    items: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    amount_cents: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcTime)
    charged_at: Mapped[datetime | None] = mapped_column(UtcTime)
    shipped_at: Mapped[datetime | None] = mapped_column(UtcTime)
    sla_breached: Mapped[bool] = mapped_column(default=False)
    owner: Mapped[str] = mapped_column(String(60), server_default=ANYBODY)


class Payment(Base):
    """Money that moved: one charge and at most one refund an order, by unique key."""

    __tablename__ = "payments"
    __table_args__ = (
        CheckConstraint("kind IN ('charge', 'refund')", name="payments_kind"),
        Index("payments_once", "order_id", "kind", unique=True),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    order_id: Mapped[int] = mapped_column(BigId, ForeignKey("orders.id"))
    kind: Mapped[str] = mapped_column(String(10))
    amount_cents: Mapped[int] = mapped_column(BigInteger)
    key: Mapped[str] = mapped_column(String(60), unique=True)
    provider_reference: Mapped[str] = mapped_column(String(60))
    at: Mapped[datetime] = mapped_column(UtcTime)


class Event(Base):
    """One thing that happened to an order; `sequence` counts from 1 without a gap.

    The hedge figures are of the flaky call behind the event, summed over the `attempts` of its activity.
    """

    __tablename__ = "events"
    __table_args__ = (
        Index("events_sequence", "order_id", "sequence", unique=True),
        Index(
            "events_stage_once",
            "order_id",
            "stage",
            unique=True,
            sqlite_where=sql("type = 'stage_reached'"),
            postgresql_where=sql("type = 'stage_reached'"),
        ),
        Index(
            "events_compensated_once",
            "order_id",
            "stage",
            unique=True,
            sqlite_where=sql("type = 'compensated'"),
            postgresql_where=sql("type = 'compensated'"),
        ),
        Index(
            "events_ended_once",
            "order_id",
            "status",
            unique=True,
            sqlite_where=sql("type = 'ended'"),
            postgresql_where=sql("type = 'ended'"),
        ),
        Index("events_command_once", "order_id", "command_id", unique=True),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    order_id: Mapped[int] = mapped_column(BigId, ForeignKey("orders.id"))
    sequence: Mapped[int]
    type: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime] = mapped_column(UtcTime)
    actor: Mapped[str] = mapped_column(Words(100))
    stage: Mapped[str | None] = mapped_column(String(30))
    status: Mapped[str | None] = mapped_column(String(20))
    command: Mapped[str | None] = mapped_column(String(20))
    command_id: Mapped[str | None] = mapped_column(Name(80))
    decision: Mapped[str | None] = mapped_column(String(40))
    reason: Mapped[str | None] = mapped_column(Words(500))
    attempts: Mapped[int | None] = mapped_column(Integer)
    launched: Mapped[int | None] = mapped_column(Integer)
    failed: Mapped[int | None] = mapped_column(Integer)
    hung: Mapped[int | None] = mapped_column(Integer)
    cancelled: Mapped[int | None] = mapped_column(Integer)
    won_by: Mapped[int | None] = mapped_column(Integer)
    milliseconds: Mapped[int | None] = mapped_column(Integer)


class IdempotencyKey(Base):
    """A request that is answered once. `key` is a digest of the owner and of the key as it was sent.

    Until it has its answer, an HTTP status and a body, one request at a time works on it: `held_by`, which
    is believed to be alive until `held_until`.
    """

    __tablename__ = "idempotency_keys"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    owner: Mapped[str] = mapped_column(String(100))
    fingerprint: Mapped[str] = mapped_column(String(64))
    asked_at: Mapped[datetime] = mapped_column(UtcTime)
    held_by: Mapped[str] = mapped_column(String(32))
    held_until: Mapped[datetime] = mapped_column(UtcTime)
    status: Mapped[int | None] = mapped_column(Integer)
    answer: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class PaymentProviderEntry(Base):
    """The stub payment provider's own log. Under a charge's key stands the charge, or that it was voided."""

    __tablename__ = "payment_provider_log"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str] = mapped_column(String(60), unique=True)
    kind: Mapped[str] = mapped_column(String(10))
    order_id: Mapped[int] = mapped_column(BigId)
    amount_cents: Mapped[int] = mapped_column(BigInteger)
    reference: Mapped[str] = mapped_column(String(60))
    at: Mapped[datetime] = mapped_column(UtcTime)


class CarrierEntry(Base):
    """The stub carrier's own log; `address` is what the label says, null where nothing was labelled."""

    __tablename__ = "carrier_log"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str] = mapped_column(String(60), unique=True)
    kind: Mapped[str] = mapped_column(String(10))
    order_id: Mapped[int] = mapped_column(BigId)
    address: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    reference: Mapped[str] = mapped_column(String(60))
    at: Mapped[datetime] = mapped_column(UtcTime)


class WeatherChange(Base):
    """What the flaky calls are up against from `at` on; what is null is left to the settings."""

    __tablename__ = "weather"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcTime)
    fail: Mapped[float | None] = mapped_column(Double)
    hang: Mapped[float | None] = mapped_column(Double)
    latency_seconds: Mapped[float | None] = mapped_column(Double)
    hedges: Mapped[int | None] = mapped_column(Integer)


APPEND_ONLY = ("events", "payments", "payment_provider_log", "carrier_log")

# For statements that are put together once.
ORDERS, EVENTS, PAYMENTS = (Base.metadata.tables[name] for name in ("orders", "events", "payments"))
PROVIDER_LOG, CARRIER_LOG = (Base.metadata.tables[name] for name in ("payment_provider_log", "carrier_log"))
KEYS, WEATHER = (Base.metadata.tables[name] for name in ("idempotency_keys", "weather"))
