"""When a commentary is demanded, and when one that is there meets the demand."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from assets.release.demanded import demands, is_met
from assets.release.revisions import Causes, revised
from methods.periods import period_ending
from tests.release.test_out_turns import table, year

WHY = {"SP01": Causes(otherwise="as told"), "SP08": Causes(otherwise="as told")}
NONE = table()


def wanted(now: pd.DataFrame, had: pd.DataFrame, measure: str = "SP01") -> tuple[str, ...]:
    return demands(measure, "", had, revised(now, had, WHY), "agreed", "agreed")


@pytest.mark.parametrize(
    ("old", "new", "demanded"),
    [
        (100.0, 101.0, True),
        (700.0, 707.0, True),
        (100.0, 100.99, False),
        (1000.0, 1005.0, True),
        (1000.0, 1004.99, False),
        (0.0, 0.01, True),
        (-50.0, -49.4, True),
        (52.0, None, True),
        (52.0, 52.0, False),
    ],
)
def test_from_one_per_cent_or_five_units_on(old: float, new: float | None, demanded: bool) -> None:
    found = wanted(table(year("gap", 2013, new)), table(year("gap", 2013, old)))
    assert bool(found) is demanded
    if demanded and new is not None:
        assert found[0].startswith("A revision moved the headline of the financial year to March 2014 from ")


def test_other_parts_and_breakdowns_are_no_headline() -> None:
    had = table(year("ten", 2013, 100.0), year("gap", 2013, 50.0, breakdown="sex=F"))
    now = table(year("ten", 2013, 150.0), year("gap", 2013, 90.0, breakdown="sex=F"))
    assert wanted(now, had) == ()


def test_a_recomputed_out_turn_of_the_headline_counts() -> None:
    had = table(year("gap", 2013, 50.0))
    now = table(year("gap", 2013, 50.0), year("gap_recomputed", 2013, 52.0))
    assert len(wanted(now, had)) == 1


def test_of_quarters_only_the_newest_that_readers_had() -> None:
    def quarter(last: str, value: float) -> dict[str, Any]:
        period = period_ending("quarter", last)
        assert period is not None
        days = {"period_kind": "quarter", "period_start": period.first_day, "period_end": period.last_day}
        return {**year("gap", 2013, value), **days}

    had = table(quarter("2013-06", 10.0), quarter("2013-09", 12.0))
    later = quarter("2013-12", 15.0)
    assert wanted(table(quarter("2013-06", 11.0), quarter("2013-09", 12.0), later), had) == ()
    (found,) = wanted(table(quarter("2013-06", 10.0), quarter("2013-09", 13.0), later), had)
    assert found == "A revision moved the headline of the quarter to September 2013 from 12 to 13."


def test_a_headline_that_is_hidden_now() -> None:
    found = wanted(table(year("gap", 2013, None, symbols="[c]")), table(year("gap", 2013, 9.0)))
    assert found == ("The headline of the financial year to March 2014 is now hidden to protect people.",)


def test_where_the_number_counted_is_said_first_it_is_the_headline() -> None:
    def proxy(count: int) -> pd.DataFrame:
        return table(year("sac", 2013, count / 100, numerator=count, denominator=1000, measure="SP08"))

    (found,) = wanted(proxy(405), proxy(400), "SP08")
    assert found.endswith("from 400 to 405.")


@pytest.mark.parametrize(("before", "demanded"), [("agreed", False), (None, False), ("referred", True)])
def test_status_changed(before: str | None, demanded: bool) -> None:
    found = demands("SP01", "", NONE, [], "agreed", before)
    assert bool(found) is demanded
    if demanded:
        assert "from “In development: referred by the Board to a named group” to “Agreed by the Board”" in found[0]


def test_a_signal_at_the_newest_point_is_said_as_the_page_says_it() -> None:
    assert demands("SP01", "Unusual: June 2014 is high", NONE, [], "agreed", None) == ("Unusual: June 2014 is high.",)
    assert demands("SP01", "", NONE, [], "agreed", None) == ()


def test_a_commentary_is_of_its_measure_and_of_its_date() -> None:
    def written(**more: Any) -> SimpleNamespace:
        base = {"measure": "SP01", "kind": "commentary", "as_at": date(2016, 3, 31), "text": "t"}
        return SimpleNamespace(**{**base, **more})

    assert is_met("SP01", "2016-03-31", [written()])
    for wrong in ({"measure": "SP02"}, {"kind": "position"}, {"as_at": date(2016, 2, 29)}, {"as_at": None}):
        assert not is_met("SP01", "2016-03-31", [written(**wrong)])
    assert not is_met("SP01", "2016-03-31", ())
