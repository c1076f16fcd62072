"""What fails in the database is told without what was to be written."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from db.database import Database


def test_an_error_does_not_tell_the_address_it_could_not_write(tmp_path: object) -> None:
    database = Database(f"sqlite:///{tmp_path}/orders.db")

    def write(session: Session) -> None:
        session.execute(text("INSERT INTO nowhere VALUES (:address)"), {"address": "1 Harbour Street"})

    with pytest.raises(OperationalError) as caught:
        database.write_now(write)
    database.close()

    assert "Harbour" not in str(caught.value)
