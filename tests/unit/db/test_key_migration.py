import pytest
from sqlalchemy import create_engine, text

from db import schema
from db.schema import migrate


def test_a_database_of_the_first_migration_keeps_its_orders_and_its_tag(
    new_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(schema, "HEAD", "0001")
        tag = migrate(new_url)
    engine = create_engine(new_url)
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO orders (id, status, address, items, amount_cents, created_at, sla_breached)"
                " VALUES (1, 'completed', '{}', '[]', 4200, '2026-01-01 00:00:00', false)"
            )
        )

    assert migrate(new_url) == tag
    with engine.connect() as connection:
        assert connection.execute(text("SELECT amount_cents FROM orders")).scalar() == 4200
        assert connection.execute(text("SELECT count(*) FROM idempotency_keys")).scalar() == 0
    engine.dispose()
