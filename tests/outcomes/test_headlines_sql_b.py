"""Headlines of SP02 and SP08 to SP11 against a second implementation in SQL, on tables drawn at random."""

import sqlite3
from importlib import import_module

import pytest

from tests.campaign import drawn
from tests.outcomes.crimes import draw_b, street
from tests.outcomes.headlines_sql_b import HEADLINES_B
from tests.outcomes.invented import CRIMES, month_texts
from tests.outcomes.services import setting

MEASURES = {
    "SP02": "sp02_violence",
    "SP08": "sp08_serious_acquisitive_crime",
    "SP09": "sp09_crc_cohort",
    "SP10": "sp10_hate_crime_reporting",
    "SP11": "sp11_hate_crime_satisfaction",
}
SETTING = setting(proxy_groups={name: name for name in CRIMES[:3]})
#: Measures that know quarters and years only.
QUARTERLY = ("SP09", "SP11")


@pytest.fixture(scope="module", params=drawn([(1, 1.0), (2, 0.3), (3, 0.04)], 2), ids=str)
def both(request):
    """Clean tables in SQLite, and the outcome table of every measure."""
    held = draw_b(*request.param)
    engine = sqlite3.connect(":memory:")
    for name, frame in held.items():
        frame.to_sql(name, engine, index=False)
    opened = street(month_texts((2011, 4), (2016, 7)), {("2015-04", "burglary"): 3})
    outcomes = {
        measure: import_module(f"assets.outcomes.{file}").calculate(held | opened, SETTING)
        for measure, file in MEASURES.items()
    }
    yield engine, outcomes
    engine.close()


@pytest.mark.parametrize("headline", HEADLINES_B)
def test_headline_agrees_with_sql(both, headline):
    engine, outcomes = both
    measure, part = headline.split("/")
    kinds = ("quarter", "fy") if measure in QUARTERLY else ("month", "quarter", "fy")
    wanted = {
        (kind, start): value
        for kind, start, value in engine.execute(HEADLINES_B[headline])
        if value is not None and kind in kinds
    }
    rows = outcomes[measure]
    rows = rows[(rows["part"] == part) & (rows["breakdown"] == "") & rows["period_kind"].isin(kinds)]
    if measure == "SP09":
        rows = rows[rows["area_code"] == "crc"]
    held = rows.dropna(subset=["value"]).set_index(["period_kind", "period_start"])["value"].to_dict()
    assert held == pytest.approx(wanted)
    assert {kind for kind, _ in held} == set(kinds)
    assert set(rows.loc[rows["value"].isna(), "symbols"]) <= {"[x]"}
