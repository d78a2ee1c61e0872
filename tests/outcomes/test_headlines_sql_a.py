"""Headlines of SP03 to SP07 against a second implementation in SQL, on tables drawn at random."""

import sqlite3
from importlib import import_module

import pytest

from tests.campaign import drawn
from tests.outcomes.headlines_sql_a import HEADLINES_A
from tests.outcomes.services import draw, setting

MEASURES = {
    "SP03": "sp03_dash_training",
    "SP04": "sp04_domestic_abuse_referrals",
    "SP05": "sp05_vulnerable_victims_engaged",
    "SP06": "sp06_quality_of_life",
    "SP07": "sp07_service_user_satisfaction",
}


@pytest.fixture(scope="module", params=drawn([(1, 1.0), (2, 0.3), (3, 0.04)], 2), ids=str)
def both(request):
    """Clean tables in SQLite, and the outcome table of every measure."""
    held = draw(*request.param)
    engine = sqlite3.connect(":memory:")
    for name, frame in held.items():
        frame.to_sql(name, engine, index=False)
    outcomes = {
        measure: import_module(f"assets.outcomes.{file}").calculate(held, setting())
        for measure, file in MEASURES.items()
    }
    yield engine, outcomes
    engine.close()


@pytest.mark.parametrize("headline", HEADLINES_A)
def test_headline_agrees_with_sql(both, headline):
    engine, outcomes = both
    measure, part = headline.split("/")
    # The survey knows quarters only.
    kinds = {"quarter", "fy"} if measure == "SP07" else {"month", "quarter", "fy"}
    wanted = {
        (kind, start): value
        for kind, start, value in engine.execute(HEADLINES_A[headline])
        if value is not None and kind in kinds
    }
    rows = outcomes[measure]
    rows = rows[(rows["part"] == part) & (rows["breakdown"] == "") & rows["period_kind"].isin(kinds)]
    found = rows.dropna(subset=["value"]).set_index(["period_kind", "period_start"])["value"].to_dict()
    assert found == pytest.approx(wanted)
    assert {kind for kind, _ in found} == kinds
