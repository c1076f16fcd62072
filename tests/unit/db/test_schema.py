"""The schema is brought up to date by whoever comes first, and by nobody halfway."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from filelock import FileLock
from sqlalchemy import Engine, create_engine, inspect, text

from db.models import APPEND_ONLY, Base
from db.schema import HEAD, MIGRATIONS, POSTGRESQL_LOCK, BooksUnusable, migrate, open_books
from tests.shop.shelves import Shelf

PROJECT = Path(__file__).resolve().parents[3]

# How the process below ends; any code that Python does not use itself.
KILLED = 99

# The first migration draws the installation's tag when some of its tables are made and others are not.
DIE_HALFWAY = f"""
import os, secrets, sys
from db.schema import migrate
secrets.token_hex = lambda _: os._exit({KILLED})
migrate(sys.argv[1])
"""


# Where each database keeps what made its indexes and triggers.
DEFINITIONS = {
    "sqlite": "SELECT name, sql FROM sqlite_master",
    "postgresql": "SELECT indexname AS name, indexdef AS sql FROM pg_indexes WHERE schemaname = 'public' "
    "UNION SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
}


@pytest.fixture
def engine(new_url: str) -> Iterator[Engine]:
    made = create_engine(new_url)
    yield made
    made.dispose()


def test_the_migrations_make_what_the_models_describe(new_url: str, engine: Engine) -> None:
    migrate(new_url)

    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_the_unique_keys_and_triggers_are_made_too(new_url: str, engine: Engine) -> None:
    """Comparing with the models says nothing of triggers, and little of where a key holds."""
    migrate(new_url)

    made = _definitions(engine)
    for index in (index for table in Base.metadata.tables.values() for index in table.indexes):
        where = index.dialect_options["sqlite"]["where"]
        assert where is None or str(where).split()[-1] in made[str(index.name)]
    assert {name for name in made if "append_only" in name or "_no_" in name} == set(_triggers(engine))


def _triggers(engine: Engine) -> Iterator[str]:
    for table in APPEND_ONLY:
        if engine.dialect.name == "postgresql":
            yield f"{table}_append_only"
        else:
            yield from (f"{table}_no_{deed}" for deed in ("update", "delete"))


def _definitions(engine: Engine) -> dict[str, str]:
    """Every index and trigger by its name."""
    query = DEFINITIONS[engine.dialect.name]
    with engine.connect() as connection:
        return {row.name: row.sql for row in connection.execute(text(query))}


def test_the_newest_migration_is_the_one_that_is_expected() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))

    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_a_database_keeps_its_tag(shelf: Shelf, tmp_path: Path) -> None:
    with shelf.empty(tmp_path / "one") as url, shelf.empty(tmp_path / "another") as another:
        tag = migrate(url)

        assert migrate(url) == tag
        assert migrate(another) != tag


def test_many_who_come_at_once_make_one_database(new_url: str, engine: Engine) -> None:
    with ThreadPoolExecutor(4) as threads:
        tags = list(threads.map(migrate, [new_url] * 4))

    assert len(set(tags)) == 1
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM installation")).scalar() == 1


def test_a_migration_that_was_killed_leaves_nothing_and_is_made_anew(new_url: str, engine: Engine) -> None:
    killed = subprocess.run([sys.executable, "-c", DIE_HALFWAY, new_url], cwd=PROJECT, check=False)
    assert killed.returncode == KILLED
    assert inspect(engine).get_table_names() == []

    migrate(new_url)

    assert {"orders", "payments", "events"} <= set(inspect(engine).get_table_names())


def test_a_process_that_is_stuck_over_its_migration_is_not_waited_for_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("db.schema.MIGRATED_WITHIN", timedelta(seconds=0.1))
    books = tmp_path / "orders.db"
    with FileLock(f"{books}.migrating"), ThreadPoolExecutor(1) as another:
        late = another.submit(open_books, f"sqlite:///{books}")

        with pytest.raises(BooksUnusable, match=r"another process .* for 0.1 s; start again"):
            late.result()
    assert not books.exists()


def test_nor_is_one_on_postgresql(
    postgresql_shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("db.schema.MIGRATED_WITHIN", timedelta(seconds=0.1))
    with postgresql_shelf.empty(tmp_path) as url:
        engine = create_engine(url)
        with engine.begin() as at_it:
            at_it.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": POSTGRESQL_LOCK})

            with pytest.raises(BooksUnusable, match=r"another process .* for 0.1 s; start again"):
                open_books(url)
            assert inspect(at_it).get_table_names() == []
        engine.dispose()
