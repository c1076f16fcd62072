"""The weather may be changed while the system runs."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "weather",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fail", sa.Double()),
        sa.Column("hang", sa.Double()),
        sa.Column("latency_seconds", sa.Double()),
        sa.Column("hedges", sa.Integer()),
    )
