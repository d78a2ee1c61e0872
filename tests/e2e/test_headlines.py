"""A second, independent calculation of every headline: plain SQL on the clean tables of a sample city agrees with the outcomes."""

from __future__ import annotations

import sqlite3

import pandas as pd
import pytest

from tests.database import as_sqlite
from tests.e2e.city import full_city
from tests.outcomes.headlines_sql_a import HEADLINES_A
from tests.outcomes.headlines_sql_b import HEADLINES_B

HEADLINES = HEADLINES_A | HEADLINES_B


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> sqlite3.Connection:
    return as_sqlite(full_city(tmp_path_factory).data)


@pytest.mark.parametrize("headline", HEADLINES)
def test_headline_of_the_sample_agrees_with_sql(warehouse: sqlite3.Connection, headline: str) -> None:
    measure, part = headline.split("/")
    (table,) = warehouse.execute(
        "SELECT name FROM sqlite_master WHERE name GLOB ?", (f"outcome_{measure.lower()}_*",)
    ).fetchone()
    rows = pd.read_sql(f"SELECT * FROM {table} WHERE part = ? AND breakdown = ''", warehouse, params=(part,))
    if measure == "SP09":
        rows = rows[rows["area_code"] == "crc"]
    rows = rows[rows["period_kind"].isin(["month", "quarter", "fy"])].dropna(subset=["value"])
    found = rows.set_index(["period_kind", "period_start"])["value"].to_dict()
    wanted = {
        (kind, start): value
        for kind, start, value in warehouse.execute(HEADLINES[headline])
        if value is not None and (kind in ("quarter", "fy") or measure not in ("SP07", "SP09", "SP11"))
    }
    assert len(found) > 1
    assert found == pytest.approx(wanted)
