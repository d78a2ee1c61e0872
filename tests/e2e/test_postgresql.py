"""The whole way with warehouse and Dagster's records in PostgreSQL gives the same release, byte for byte, as with SQLite."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.database import ON_POSTGRESQL
from tests.e2e.city import City, full_city, open_city

MADE = "SELECT DISTINCT asset_key FROM event_logs WHERE dagster_event_type = 'ASSET_MATERIALIZATION'"


@pytest.fixture
def records(server: str) -> Iterator[str]:
    """A database of its own for Dagster's records, as in a deployment."""
    with sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool).connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE whole_way_records")
        yield sa.make_url(server).set(database="whole_way_records").render_as_string(hide_password=False)
        connection.exec_driver_sql("DROP DATABASE whole_way_records WITH (FORCE)")


@pytest.mark.postgres
@pytest.mark.parametrize(
    "made",
    [open_city, pytest.param(full_city, marks=pytest.mark.campaign("every source in either database", sample=0))],
)
def test_same_release_from_either_database(
    server: str,
    records: str,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    made: Callable[[pytest.TempPathFactory], City],
) -> None:
    with sa.create_engine(server).begin() as connection:
        connection.execute(sa.text("DROP SCHEMA IF EXISTS published CASCADE"))
        connection.execute(sa.text("DROP SCHEMA public CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA public"))
    light = made(tmp_path_factory)
    if ON_POSTGRESQL:
        light = fresh(light, tmp_path / "sqlite", f"sqlite:///{tmp_path / 'sqlite' / 'warehouse.sqlite'}")
        light.refresh()
    heavy = fresh(light, tmp_path / "postgresql", server)
    heavy.dagster_url = records
    done = heavy.refresh()
    assert not done.failures
    assert not (heavy.data / "warehouse.sqlite").exists()
    assert not (heavy.data / "published.sqlite").exists()
    assert not list((heavy.data / "dagster").rglob("*.db"))
    with sa.create_engine(records, poolclass=sa.NullPool).connect() as connection:
        recorded = set(connection.scalars(sa.text(MADE)))
    assert recorded == {f'["{name}"]' for name in done.planned.make}
    query = "SELECT * FROM {}figures ORDER BY row_number"
    with sa.create_engine(server).connect() as connection:
        held = [tuple(map(str, row)) for row in connection.execute(sa.text(query.format("published.")))]
    with sa.create_engine(f"sqlite:///{light.data / 'published.sqlite'}").connect() as connection:
        assert held == [tuple(map(str, row)) for row in connection.execute(sa.text(query.format("")))]
    assert len(held) == len(light.figures())
    assert heavy.release_files() == light.release_files()
    assert heavy.refresh().planned.empty


def fresh(city: City, data: Path, url: str) -> City:
    """A data folder with the same deliveries and nothing made of them."""
    shutil.copytree(city.data / "landing", data / "landing")
    return City(data, warehouse_url=url)
