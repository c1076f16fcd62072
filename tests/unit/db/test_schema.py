"""The schema is brought up to date by whoever comes first, and by nobody halfway."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, inspect, text

from db.models import APPEND_ONLY, Base
from db.schema import HEAD, MIGRATIONS, migrate

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


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Of a database that nobody has made yet."""
    return f"sqlite:///{tmp_path / 'new' / 'orders.db'}"


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    made = create_engine(url)
    yield made
    made.dispose()


def test_the_migrations_make_what_the_models_describe(url: str, engine: Engine) -> None:
    migrate(url)

    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_the_unique_keys_and_triggers_are_made_too(url: str, engine: Engine) -> None:
    """Comparing with the models says nothing of triggers, and little of where a key holds."""
    migrate(url)

    with engine.connect() as connection:
        made = {row.name: row.sql for row in connection.execute(text("SELECT name, sql FROM sqlite_master"))}
    for index in (index for table in Base.metadata.tables.values() for index in table.indexes):
        where = index.dialect_options["sqlite"]["where"]
        assert where is None or str(where) in made[index.name]
    assert {name for name in made if "_no_" in name} == {
        f"{table}_no_{deed}" for table in APPEND_ONLY for deed in ("update", "delete")
    }


def test_the_newest_migration_is_the_one_that_is_expected() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))

    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_a_database_keeps_its_tag(url: str, tmp_path: Path) -> None:
    tag = migrate(url)

    assert migrate(url) == tag
    assert migrate(f"sqlite:///{tmp_path / 'another.db'}") != tag


def test_many_who_come_at_once_make_one_database(url: str, engine: Engine) -> None:
    with ThreadPoolExecutor(4) as threads:
        tags = list(threads.map(migrate, [url] * 4))

    assert len(set(tags)) == 1
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM installation")).scalar() == 1


def test_a_migration_that_was_killed_leaves_nothing_and_is_made_anew(url: str, engine: Engine) -> None:
    killed = subprocess.run([sys.executable, "-c", DIE_HALFWAY, url], cwd=PROJECT, check=False)
    assert killed.returncode == KILLED
    assert inspect(engine).get_table_names() == []

    migrate(url)

    assert {"orders", "payments", "events"} <= set(inspect(engine).get_table_names())
