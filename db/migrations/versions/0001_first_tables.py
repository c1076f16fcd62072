"""The first tables, their unique keys and the triggers that make the books append-only."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

APPEND_ONLY = ("events", "payments", "payment_provider_log", "carrier_log")

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    installation = op.create_table(
        "installation",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("tag", sa.String(16), nullable=False),
    )
    op.bulk_insert(installation, [{"id": 1, "tag": secrets.token_hex(4)}])
    _create_orders()
    _create_payments()
    _create_events()
    _create_provider_logs()
    for table in APPEND_ONLY:
        _forbid_changes(table)


def _create_orders() -> None:
    op.create_table(
        "orders",
        sa.Column("id", BIG_ID, primary_key=True),
        sa.Column("workflow_id", sa.String(100), unique=True),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("stage", sa.String(30)),
        sa.Column("address", sa.JSON(), nullable=False),
        sa.Column("items", sa.JSON(), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT),
        sa.Column("charged_at", MOMENT),
        sa.Column("shipped_at", MOMENT),
        sa.Column("sla_breached", sa.Boolean(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_orders_status", "orders", ["status"])


def _create_payments() -> None:
    op.create_table(
        "payments",
        sa.Column("id", BIG_ID, primary_key=True),
        sa.Column("order_id", BIG_ID, sa.ForeignKey("orders.id"), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(60), nullable=False, unique=True),
        sa.Column("provider_reference", sa.String(60), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.CheckConstraint("kind IN ('charge', 'refund')", name="payments_kind"),
    )
    op.create_index("payments_once", "payments", ["order_id", "kind"], unique=True)


def _create_events() -> None:
    op.create_table(
        "events",
        sa.Column("id", BIG_ID, primary_key=True),
        sa.Column("order_id", BIG_ID, sa.ForeignKey("orders.id"), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(20), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.String(100), nullable=False),
        sa.Column("stage", sa.String(30)),
        sa.Column("status", sa.String(20)),
        sa.Column("command", sa.String(20)),
        sa.Column("command_id", sa.String(80)),
        sa.Column("decision", sa.String(40)),
        sa.Column("reason", sa.String(500)),
        *(
            sa.Column(name, sa.Integer())
            for name in ("attempts", "launched", "failed", "hung", "cancelled", "won_by", "milliseconds")
        ),
    )
    op.create_index("events_sequence", "events", ["order_id", "sequence"], unique=True)
    op.create_index("events_command_once", "events", ["order_id", "command_id"], unique=True)
    _create_unique_where("events_stage_once", "stage", "type = 'stage_reached'")
    _create_unique_where("events_compensated_once", "stage", "type = 'compensated'")
    _create_unique_where("events_ended_once", "status", "type = 'ended'")


def _create_unique_where(name: str, column: str, condition: str) -> None:
    where = sa.text(condition)
    op.create_index(
        name, "events", ["order_id", column], unique=True, sqlite_where=where, postgresql_where=where
    )


def _create_provider_logs() -> None:
    for table, subject in (
        ("payment_provider_log", sa.Column("amount_cents", sa.BigInteger(), nullable=False)),
        ("carrier_log", sa.Column("address", sa.JSON())),
    ):
        op.create_table(
            table,
            sa.Column("id", BIG_ID, primary_key=True),
            sa.Column("key", sa.String(60), nullable=False, unique=True),
            sa.Column("kind", sa.String(10), nullable=False),
            sa.Column("order_id", BIG_ID, nullable=False),
            subject,
            sa.Column("reference", sa.String(60), nullable=False),
            sa.Column("at", MOMENT, nullable=False),
        )


def _forbid_changes(table: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE FUNCTION {table}_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_is_append_only()"
        )
        return
    for deed in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{deed.lower()} BEFORE {deed} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
