"""The warehouse of a data folder under test: SQLite in it, or with SAFER_TEST_DATABASE=postgresql a database of its own on one server.

A folder says in a hidden file which database is its own. A folder that was copied still names that of the original, so on first use
its own is made from that one: `shutil.copytree` copies a city with either database.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from pathlib import Path

import pandas as pd
import sqlalchemy as sa

#: Set by conftest for the whole run, workers included.
SERVER = "SAFER_TEST_SERVER"
ON_POSTGRESQL = os.environ.get("SAFER_TEST_DATABASE") == "postgresql"
_MARKER = ".database"


def setting_of(data: Path) -> str | None:
    """SAFER_WAREHOUSE_URL for a data folder; None where the warehouse is the file in it."""
    if not ON_POSTGRESQL:
        return None
    own = "t" + hashlib.sha256(str(data.absolute()).encode()).hexdigest()[:20]
    marker = data / _MARKER
    held = marker.read_text() if marker.exists() else ""
    if held != own:
        with _admin() as connection:
            known = set(connection.scalars(sa.text("SELECT datname FROM pg_database")))
            if held:
                connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {own} WITH (FORCE)")
                ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"
                connection.execute(sa.text(ended), {"name": held})
                connection.exec_driver_sql(f"CREATE DATABASE {own} TEMPLATE {held}")
            elif own not in known:
                connection.exec_driver_sql(f"CREATE DATABASE {own}")
        if data.is_dir():
            marker.write_text(own)
    return sa.make_url(os.environ[SERVER]).set(database=own).render_as_string(hide_password=False)


def environment_of(data: Path) -> dict[str, str]:
    """What a command in a process of its own must be told."""
    url = setting_of(data)
    return {"SAFER_WAREHOUSE_URL": url} if url else {}


def url_of(data: Path) -> str:
    """The warehouse's address."""
    return setting_of(data) or f"sqlite:///{data / 'warehouse.sqlite'}"


def lose(data: Path) -> None:
    """The warehouse is gone, what is published beside it stays."""
    if setting_of(data):
        _run(data, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    else:
        for path in data.glob("warehouse.sqlite*"):
            path.unlink()


def lose_published(data: Path) -> None:
    """What is published in tables is gone."""
    if setting_of(data):
        _run(data, "DROP SCHEMA published CASCADE")
    else:
        (data / "published.sqlite").unlink()


def has_published(data: Path) -> bool:
    """Whether anything was ever published in tables."""
    url = setting_of(data)
    if not url:
        return (data / "published.sqlite").exists()
    with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
        return sa.inspect(connection).has_table("figures", schema="published")


def as_sqlite(data: Path) -> sqlite3.Connection:
    """The warehouse's tables in SQLite, whatever database they are in: for questions in one dialect."""
    url = setting_of(data)
    if not url:
        return sqlite3.connect(data / "warehouse.sqlite")
    copy = sqlite3.connect(":memory:")
    with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
        for name in sa.inspect(connection).get_table_names():
            pd.read_sql(f'SELECT * FROM "{name}"', connection).to_sql(name, copy, index=False)
    return copy


def _run(data: Path, *statements: str) -> None:
    with sa.create_engine(url_of(data), poolclass=sa.NullPool).begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def _admin() -> sa.Connection:
    return sa.create_engine(os.environ[SERVER], poolclass=sa.NullPool, isolation_level="AUTOCOMMIT").connect()
