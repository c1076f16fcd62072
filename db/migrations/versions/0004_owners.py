"""An order belongs to whoever placed it; those placed before anybody had to say who they are, to anybody."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("orders", sa.Column("owner", sa.String(60), nullable=False, server_default="anybody"))
    op.create_index("orders_of_owner", "orders", ["owner", "id"])
