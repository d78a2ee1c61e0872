"""The whole way with the warehouse in PostgreSQL gives the same release, byte for byte, as with SQLite."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.e2e.city import City, open_city


@pytest.mark.postgres
def test_same_release_from_either_database(
    server: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with sa.create_engine(server).begin() as connection:
        connection.execute(sa.text("DROP SCHEMA IF EXISTS published CASCADE"))
        connection.execute(sa.text("DROP SCHEMA public CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA public"))
    light = open_city(tmp_path_factory)
    heavy = City(tmp_path / "postgresql", warehouse_url=server)
    shutil.copytree(light.data / "landing", heavy.data / "landing")
    done = heavy.refresh()
    assert not done.failures
    assert not (heavy.data / "warehouse.sqlite").exists()
    assert not (heavy.data / "published.sqlite").exists()
    query = "SELECT * FROM {}figures ORDER BY row_number"
    with sa.create_engine(server).connect() as connection:
        held = [tuple(map(str, row)) for row in connection.execute(sa.text(query.format("published.")))]
    with sa.create_engine(f"sqlite:///{light.data / 'published.sqlite'}").connect() as connection:
        assert held == [tuple(map(str, row)) for row in connection.execute(sa.text(query.format("")))]
    assert len(held) == len(light.figures())
    assert heavy.release_files() == light.release_files()
    assert heavy.refresh().planned.empty
