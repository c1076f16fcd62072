"""A request is answered once under its key, however often it is asked."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("owner", sa.String(100), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("held_by", sa.String(32), nullable=False),
        sa.Column("held_until", MOMENT, nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("answer", sa.JSON()),
    )
