"""Orders whose addresses are found again wherever they got to."""

import sqlite3
from contextlib import closing
from pathlib import Path

from benchmarks.running_system import RunningSystem

# In no other file, name or message than those this test leads it into.
PLANTED = "77 Zanzibar Planted Lane"
PLANTED_TOO = "78 Timbuktu Planted Lane"


ADDRESS = {"line1": PLANTED, "city": "Ely", "postal_code": "CB7 4AB", "country": "GB"}


def live_through_everything(system: RunningSystem) -> None:
    """Every command has been heard by an order with a planted address."""
    order, cancelled = (system.place(address=ADDRESS) for _ in range(2))
    changed = system.http.put(f"/orders/{order}/address", json={**ADDRESS, "line1": PLANTED_TOO})
    assert changed.json()["address"]["line1"] == PLANTED_TOO
    assert system.http.post(f"/orders/{cancelled}/cancel").status_code == 200
    assert system.ended(order)["status"] == "completed"
    assert system.http.put(f"/orders/{order}/address", json=ADDRESS).status_code == 409
    assert system.http.post(f"/orders/{order}/return").status_code == 200
    assert system.ended(cancelled)["status"] == "cancelled"


def planted_in(raw: bytes) -> bool:
    return any(text.encode() in raw or text.encode("utf-16-le") in raw for text in (PLANTED, PLANTED_TOO))


def columns_with_the_planted(books: Path) -> set[str]:
    with closing(sqlite3.connect(f"file:{books}?mode=ro", uri=True)) as connection:
        tables = [
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        return {
            f"{table}.{column[1]}"
            for table in tables
            for column in connection.execute(f"PRAGMA table_info({table})").fetchall()
            for (value,) in connection.execute(f'SELECT "{column[1]}" FROM {table}')
            if planted_in(str(value).encode())
        }
