"""The warehouse on SQLite and on a real PostgreSQL server: same rows, same hash, whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa

from expectations.contracts import TABLES
from resources.warehouse import Warehouse, WarehouseError

COUNT = TABLES["clean_police_street_count"]
POPULATION = TABLES["clean_population"]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def warehouse(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Warehouse]:
    url = f"sqlite:///{tmp_path / 'w.sqlite'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("server")
        with sa.create_engine(url).begin() as connection:
            connection.execute(sa.text("DROP SCHEMA public CASCADE"))
            connection.execute(sa.text("CREATE SCHEMA public"))
    opened = Warehouse(url, "marlhaven", "v1")
    yield opened
    opened.close()


def counts(*values: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "counted": list(values),
            "category": "burglary",
            "lsoa_code": [f"E0100000{n}" for n in range(len(values))],
            "month": "2014-01",
            "force": "vale-and-moor",
        }
    )


POPULATIONS = pd.DataFrame(
    {
        "area_code": ["Zed", "ähnlich", "a,b\t\\N", "E01000001"],
        "area_type": "lsoa11",
        "mid_year": [2014, 2014, 2014, 2014],
        "persons": [1, 2, 3, 2**40],
        "households": [None, 5, None, 0],
        "vintage": ["", "x\ny", '"q"', "v"],
    }
)


def test_rows_come_back_as_they_went_in(warehouse: Warehouse) -> None:
    made = warehouse.replace([(POPULATION, POPULATIONS)], inputs={"raw_population": "abc"})
    with warehouse.snapshot() as snapshot:
        rows = snapshot.frame(POPULATION)
        assert snapshot.stored()[POPULATION.name] == made[POPULATION.name]
        assert snapshot.hash(POPULATION) == made[POPULATION.name].content_hash
    expected = POPULATIONS.sort_values("area_code", key=lambda c: c.str.encode("utf-8")).reset_index(drop=True)
    for name in ("area_code", "persons", "vintage"):
        assert list(rows[name]) == list(expected[name])
    assert [None if pd.isna(v) else int(v) for v in rows["households"]] == [
        None if pd.isna(v) else int(v) for v in expected["households"]
    ]


def test_hash_is_the_same_in_every_database_and_row_order(warehouse: Warehouse) -> None:
    made = warehouse.replace([(POPULATION, POPULATIONS.sample(frac=1, random_state=3))], inputs={})
    # Pinned: another machine, database or library version must not change what a release is made from.
    again = warehouse.replace([(POPULATION, POPULATIONS)], inputs={})
    assert made[POPULATION.name].content_hash == again[POPULATION.name].content_hash
    other = warehouse.replace([(POPULATION, POPULATIONS.assign(persons=[1, 2, 3, 4]))], inputs={})
    assert other[POPULATION.name].content_hash != made[POPULATION.name].content_hash


def test_a_table_that_is_not_there_spoils_no_other(warehouse: Warehouse) -> None:
    made = warehouse.replace([(POPULATION, POPULATIONS)], inputs={})
    with warehouse.snapshot() as snapshot:
        assert snapshot.hash(COUNT) is None
        assert snapshot.hash(POPULATION) == made[POPULATION.name].content_hash


@pytest.mark.postgres
def test_sqlite_and_postgresql_agree(server: str, tmp_path: Path) -> None:
    found = set()
    for url in (f"sqlite:///{tmp_path / 'w.sqlite'}", server):
        opened = Warehouse(url, "marlhaven", "v1")
        opened.replace([(POPULATION, POPULATIONS)], inputs={})
        with opened.snapshot() as snapshot:
            found.add(snapshot.hash(POPULATION))
        opened.close()
    assert len(found) == 1 and None not in found


def test_a_reader_keeps_its_rows_while_they_are_replaced(warehouse: Warehouse) -> None:
    warehouse.replace([(COUNT, counts(1, 2, 3))], inputs={})
    with warehouse.snapshot() as snapshot:
        assert snapshot.read(COUNT).num_rows == 3
        warehouse.replace([(COUNT, counts(9))], inputs={})
        assert snapshot.read(COUNT).num_rows == 3
        assert snapshot.stored()[COUNT.name].row_count == 3
    with warehouse.snapshot() as snapshot:
        assert snapshot.read(COUNT).num_rows == 1


def test_several_tables_change_together_or_not_at_all(warehouse: Warehouse) -> None:
    warehouse.replace([(COUNT, counts(1)), (POPULATION, POPULATIONS)], inputs={})
    twice = pd.concat([POPULATIONS, POPULATIONS])
    with pytest.raises(WarehouseError):
        warehouse.replace([(COUNT, counts(7, 7)), (POPULATION, twice)], inputs={})
    with warehouse.snapshot() as snapshot:
        assert snapshot.read(COUNT).num_rows == 1
        assert snapshot.stored()[COUNT.name].row_count == 1


def test_row_that_does_not_fit_is_named_by_column_only(warehouse: Warehouse) -> None:
    with pytest.raises(WarehouseError) as raised:
        warehouse.replace([(COUNT, counts(1).astype({"counted": object}).assign(counted="CANARY"))], inputs={})
    assert "column counted" in str(raised.value) and "CANARY" not in str(raised.value)
    with pytest.raises(WarehouseError, match="columns differ from the contract: extra"):
        warehouse.replace([(COUNT, counts(1).assign(extra=1))], inputs={})


def test_unusable_database_is_one_line() -> None:
    with pytest.raises(WarehouseError, match="SAFER_WAREHOUSE_URL is not a database URL"):
        Warehouse("not a url", "x", "v")
    opened = Warehouse("postgresql://nobody:s3cret@127.0.0.1:1/none", "x", "v")
    with pytest.raises(WarehouseError) as raised, opened.snapshot():
        pass
    assert "cannot be opened" in str(raised.value) and "s3cret" not in str(raised.value)


def test_rows_at_hand_are_used_only_while_they_are_what_is_stored(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'w.sqlite'}"
    mine, other = Warehouse(url, "p", "v1"), Warehouse(url, "p", "v1")
    table = TABLES["clean_neighbourhood"]
    first = pd.DataFrame({"neighbourhood_code": ["N1"], "name": ["Ash"]})
    second = pd.DataFrame({"neighbourhood_code": ["N1"], "name": ["Birch"]})
    mine.replace([(table, first)], inputs={})
    assert mine.read([table])[0][table.name]["name"].to_pylist() == ["Ash"]
    contents = other.replace([(table, second)], inputs={})
    rows, hashes = mine.read([table])
    assert rows[table.name]["name"].to_pylist() == ["Birch"]
    assert hashes[table.name] == contents[table.name].content_hash
    # Edited by hand: the hash that the edited rows really have comes back, and they are not kept.
    with mine.write() as connection:
        connection.exec_driver_sql("UPDATE clean_neighbourhood SET name = 'Elm'")
    fresh = Warehouse(url, "p", "v1")
    rows, hashes = fresh.read([table])
    assert rows[table.name]["name"].to_pylist() == ["Elm"]
    assert hashes[table.name] != contents[table.name].content_hash
