"""The whole way with the warehouse in PostgreSQL gives the same release, byte for byte, as with SQLite."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.e2e.city import City


@pytest.mark.postgres
def test_same_release_from_either_database(server: str, tmp_path: Path) -> None:
    with sa.create_engine(server).begin() as connection:
        connection.execute(sa.text("DROP SCHEMA public CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA public"))
    light = City(tmp_path / "sqlite")
    light.deliver(months=13, scale=0.03)
    heavy = City(tmp_path / "postgresql", warehouse_url=server)
    shutil.copytree(light.data / "landing", heavy.data / "landing")
    light.refresh()
    done = heavy.refresh()
    assert not done.failures
    assert not (heavy.data / "warehouse.sqlite").exists()
    assert heavy.release_files() == light.release_files()
    assert heavy.refresh().planned.empty
