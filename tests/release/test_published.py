"""The published tables: what the release's folder holds and no more, swapped with it, and healed by the next run."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from assets.release import folder, published
from assets.release.folder import NUMBERS, Released
from resources import warehouse as of_warehouse
from resources.warehouse import PUBLISHED, Warehouse, WarehouseError
from tests.paths import ROOT
from tests.release.downloaded import written


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A warehouse without published tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'warehouse.sqlite'}"
    server = request.getfixturevalue("server")
    with sa.create_engine(server).begin() as connection:
        connection.execute(sa.text(f"DROP SCHEMA IF EXISTS {PUBLISHED} CASCADE"))
    return str(server)


@pytest.fixture
def warehouse(url: str) -> Iterator[Warehouse]:
    made = Warehouse(url, "marlhaven", "1")
    yield made
    made.close()


@pytest.fixture
def released(tmp_path: Path) -> Released:
    return written(tmp_path / "releases")


@pytest.fixture
def later(tmp_path: Path, released: Released) -> Released:
    return written(tmp_path / "releases", "later")


def put(warehouse: Warehouse, released: Released) -> None:
    with published.swapped(warehouse, released):
        pass


def run(url: str, statement: str) -> list[Any]:
    """One statement as a reader, or a vandal, would send it to the published tables."""
    path = Path(sa.make_url(url).database or "")
    if url.startswith("sqlite"):
        with sqlite3.connect(path.with_name("published.sqlite")) as raw:
            found = raw.execute(statement.replace("published.", "")).fetchall()
        raw.close()
        return found
    with sa.create_engine(url).begin() as connection:
        done = connection.execute(sa.text(statement))
        return [tuple(row) for row in done] if done.returns_rows else []


def test_the_tables_hold_the_folder_and_no_more(url: str, warehouse: Warehouse, released: Released) -> None:
    put(warehouse, released)
    rows = released.figures()
    names = ", ".join(f'"{name}"' for name in rows.columns)
    held = run(url, f"SELECT {names} FROM published.figures ORDER BY row_number")
    assert len(held) == len(rows)
    for found, expected in zip(held, rows.itertuples(index=False), strict=True):
        for name, one, other in zip(rows.columns, found, expected, strict=True):
            if name in NUMBERS:
                assert one == (None if other != other else other), name
            else:
                assert str(one) == other, name
    measures = run(url, "SELECT measure, state, reasons FROM published.measures ORDER BY measure")
    assert measures == [
        (n, m["state"], "\n".join(m["reasons"])) for n, m in sorted(released.manifest["measures"].items())
    ]
    assert run(url, "SELECT release_id, kind, figures_sha256 FROM published.releases") == [
        (released.id, "draft", released.manifest["figures_sha256"])
    ]
    assert published.agrees(warehouse, released)


def test_a_release_takes_the_place_of_the_one_before(
    url: str, warehouse: Warehouse, released: Released, later: Released
) -> None:
    put(warehouse, released)
    put(warehouse, later)
    for table in ("releases", "measures", "figures"):
        assert run(url, f"SELECT DISTINCT release_id FROM published.{table}") == [(later.id,)]
    assert published.agrees(warehouse, later) and not published.agrees(warehouse, released)
    assert published.heal(warehouse, later) is False


def test_an_error_inside_leaves_the_old_one(
    url: str, warehouse: Warehouse, released: Released, later: Released
) -> None:
    put(warehouse, released)

    def swap() -> None:
        with published.swapped(warehouse, later):
            raise folder.ReleaseError("no space")

    with pytest.raises(folder.ReleaseError, match="no space"):
        swap()
    assert published.agrees(warehouse, released)


_KILLED = """
import os, sys
from pathlib import Path
from assets.release import folder, published
from resources.warehouse import Warehouse
url, releases, name = sys.argv[1:]
with published.swapped(Warehouse(url, "marlhaven", "1"), folder.opened(Path(releases) / name)):
    folder.make_current(Path(releases), folder.opened(Path(releases) / name))
    os._exit(9)
"""


def test_killed_between_the_folder_and_the_tables_the_next_run_heals_it(
    url: str, warehouse: Warehouse, released: Released, later: Released, tmp_path: Path
) -> None:
    put(warehouse, released)
    folder.make_current(tmp_path / "releases", released)
    command = [sys.executable, "-c", _KILLED, url, str(tmp_path / "releases"), later.id]
    assert subprocess.run(command, cwd=ROOT, check=False, env={"PYTHONPATH": str(ROOT)}).returncode == 9
    now = folder.current(tmp_path / "releases")
    assert now is not None and now.id == later.id
    assert published.agrees(warehouse, released)  # whole, and old
    assert published.heal(warehouse, now) is True
    assert published.agrees(warehouse, now)
    assert [p.name for p in tmp_path.glob(".published*")] == []


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE published.figures SET value = 1 WHERE row_number = 1",
        "UPDATE published.figures SET note = 'x' WHERE row_number = 2",
        "DELETE FROM published.figures WHERE row_number = 3",
        "UPDATE published.measures SET state = 'published' WHERE measure = 'SP02'",
        "DELETE FROM published.measures WHERE measure = 'SP09'",
        "UPDATE published.releases SET synthetic = false",
        "DROP TABLE published.figures",
        "ALTER TABLE published.figures ADD COLUMN more text",
    ],
)
def test_whatever_became_of_the_tables_the_next_run_makes_them_the_same_again(
    url: str, warehouse: Warehouse, released: Released, harm: str
) -> None:
    put(warehouse, released)
    run(url, harm)
    if "ADD COLUMN" not in harm:
        assert not published.agrees(warehouse, released)
    put(warehouse, released)
    assert published.agrees(warehouse, released)
    assert len(run(url, "SELECT * FROM published.figures LIMIT 1")[0]) == len(released.figures().columns) + 2


def test_before_the_first_release_there_is_nothing(warehouse: Warehouse, released: Released) -> None:
    assert not published.agrees(warehouse, released)
    assert published.heal(warehouse, released) is True


def test_a_reader_sees_the_old_release_until_the_new_one_is_whole(
    url: str, warehouse: Warehouse, released: Released, later: Released
) -> None:
    put(warehouse, released)
    with published.swapped(warehouse, later):
        assert run(url, "SELECT DISTINCT release_id FROM published.figures") == [(released.id,)]
    assert run(url, "SELECT DISTINCT release_id FROM published.figures") == [(later.id,)]


@pytest.mark.postgres
def test_rights_given_to_readers_outlive_a_swap_and_reach_nothing_else(
    server: str, released: Released, later: Released
) -> None:
    def admin(*statements: str) -> None:
        with sa.create_engine(server).begin() as connection:
            for statement in statements:
                connection.execute(sa.text(statement))

    admin(
        f"DROP SCHEMA IF EXISTS {PUBLISHED} CASCADE",
        "DROP TABLE IF EXISTS clean_secret",
        "CREATE TABLE clean_secret (x int)",
    )
    warehouse = Warehouse(server, "marlhaven", "1")
    put(warehouse, released)
    admin(
        "DROP ROLE IF EXISTS board", "CREATE ROLE board LOGIN",
        f"GRANT USAGE ON SCHEMA {PUBLISHED} TO board", f"GRANT SELECT ON ALL TABLES IN SCHEMA {PUBLISHED} TO board",
    )  # fmt: skip
    put(warehouse, later)
    warehouse.close()
    reader = sa.create_engine(sa.make_url(server).set(username="board"), poolclass=sa.NullPool)
    with reader.connect() as connection:
        assert connection.execute(sa.text("SELECT release_id FROM published.releases")).scalar() == later.id
        with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
            connection.execute(sa.text("SELECT * FROM clean_secret"))
    admin("DROP OWNED BY board", "DROP ROLE board", "DROP TABLE clean_secret")


@pytest.mark.postgres
def test_without_the_right_to_make_the_schema_one_line_says_what_to_do(server: str, released: Released) -> None:
    with sa.create_engine(server).begin() as connection:
        connection.execute(sa.text(f"DROP SCHEMA IF EXISTS {PUBLISHED} CASCADE"))
        connection.execute(sa.text("CREATE ROLE meagre LOGIN"))
    poor = Warehouse(str(sa.make_url(server).set(username="meagre")), "marlhaven", "1")
    try:
        with pytest.raises(WarehouseError, match="CREATE SCHEMA published AUTHORIZATION"):
            put(poor, released)
        with sa.create_engine(server).begin() as connection:
            connection.execute(sa.text(f"CREATE SCHEMA {PUBLISHED} AUTHORIZATION meagre"))
        put(poor, released)
        assert published.agrees(poor, released)
    finally:
        poor.close()
        with sa.create_engine(server).begin() as connection:
            connection.execute(sa.text("DROP OWNED BY meagre CASCADE"))
            connection.execute(sa.text("DROP ROLE meagre"))


def test_beside_sqlite_the_tables_are_a_file_of_their_own(tmp_path: Path, released: Released) -> None:
    warehouse = Warehouse(f"sqlite:///{tmp_path / 'warehouse.sqlite'}", "marlhaven", "1")
    put(warehouse, released)
    warehouse.close()
    with sqlite3.connect(tmp_path / "published.sqlite") as raw:
        tables = {name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert tables == {"figures", "measures", "releases"}


def test_no_space_and_a_warehouse_in_memory_are_told_in_one_line(
    tmp_path: Path, released: Released, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(WarehouseError, match="in memory"):
        put(Warehouse("sqlite://", "marlhaven", "1"), released)

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    warehouse = Warehouse(f"sqlite:///{tmp_path / 'warehouse.sqlite'}", "marlhaven", "1")
    monkeypatch.setattr(of_warehouse.Path, "replace", full)
    with pytest.raises(WarehouseError, match=r"published.sqlite cannot be written \(No space left on device\)"):
        put(warehouse, released)
    assert list(tmp_path.glob("*published*")) == []
