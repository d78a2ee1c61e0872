"""Out-turns: a year is final on its day, stays as it was, and what is computed later stands beside it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import pytest

from assets.release.out_turns import Given, as_computed, final_date, settle
from assets.release.view import FIGURE_COLUMNS
from expectations.register import Measure, load_register
from tests.paths import ROOT

MEASURES = load_register(ROOT / "partnership" / "synthetic").measures
SP01 = MEASURES["SP01"]


def year(part: str, fy: int, value: float | None, half: float = 2.0, **more: Any) -> dict[str, Any]:
    there = value is not None
    return {
        "measure": "SP01", "part": part, "breakdown": "", "area_code": "E1", "area_name": "City", "period_kind": "fy",
        "period_start": f"{fy}-04-01", "period_end": f"{fy + 1}-03-31", "unit": "crimes per 1000", "numerator": None,
        "denominator": None, "value": value, "lower": value - half if there else None,
        "upper": value + half if there else None, "method": "MOVER", "baseline_value": None, "previous_value": None,
        "change": None, "change_lower": None, "change_upper": None, "comparison": "", "board_status": "agreed",
        "state": "published", "as_at": "2016-03-31", "symbols": "" if there else "[x]", "note": "", **more,
    }  # fmt: skip


def table(*rows: dict[str, Any]) -> pd.DataFrame:
    numbers = ("numerator", "denominator", "value", "lower", "upper", "baseline_value", "previous_value", "change")
    kinds = dict.fromkeys((*numbers, "change_lower", "change_upper"), "float64")
    made = pd.DataFrame(list(rows), columns=list(FIGURE_COLUMNS)).astype(kinds)
    return made.astype({name: "str" for name in FIGURE_COLUMNS if name not in kinds})


def by_part(rows: pd.DataFrame, fy: int) -> dict[str, float]:
    mine = rows[rows["period_start"] == f"{fy}-04-01"]
    return dict(zip(mine["part"], mine["value"], strict=True))


def given(as_of: str, **more: Any) -> Given:
    return Given(date.fromisoformat(as_of), "05-31", **more)


@pytest.mark.parametrize(
    ("measure", "day"),
    [("SP01", "2015-06-01"), ("SP05", "2015-05-31"), ("SP04", "2015-07-01"), ("SP11", "2015-05-31")],
)
def test_a_year_is_final_on_the_set_day_or_when_it_matures(measure: str, day: str) -> None:
    """Police months mature in two: the year to March on 1 June, a day after the set one; PDAS by the quarter."""
    assert final_date("2014-15", MEASURES[measure], "05-31") == date.fromisoformat(day)


def test_before_its_day_a_year_follows_the_data_and_from_then_on_it_stays() -> None:
    first = table(year("gap", 2014, 48.4))
    before = settle(first, SP01, given("2015-05-31"))
    assert before.final == {}
    moved = table(year("gap", 2014, 48.9))
    at_last = settle(moved, SP01, given("2015-06-01", before=first, final={}))
    assert at_last.final == {"2014-15": "2015-06-01"}
    assert by_part(at_last.rows, 2014) == {"gap": 48.9}
    again = table(year("gap", 2014, 50.0))
    later = settle(again, SP01, given("2016-01-01", before=at_last.rows, final=at_last.final))
    assert by_part(later.rows, 2014) == {"gap": 48.9, "gap_recomputed": 50.0}
    assert later.final == {"2014-15": "2015-06-01"}
    once_more = settle(table(year("gap", 2014, 51.0)), SP01, given("2016-02-01", before=later.rows, final=later.final))
    assert by_part(once_more.rows, 2014) == {"gap": 48.9, "gap_recomputed": 51.0}
    back = settle(
        first.assign(value=48.9, lower=46.9, upper=50.9),
        SP01,
        given("2016-03-01", before=once_more.rows, final=later.final),
    )
    assert by_part(back.rows, 2014) == {"gap": 48.9}


def test_the_last_digits_of_a_float_are_no_other_figure() -> None:
    first = table(year("gap", 2014, 0.1 + 0.2))
    found = settle(
        table(year("gap", 2014, 0.3)), SP01, given("2016-01-01", before=first, final={"2014-15": "2015-06-01"})
    )
    assert by_part(found.rows, 2014) == {"gap": 0.1 + 0.2}


def test_a_hidden_cell_stays_hidden_and_one_hidden_later_gives_nothing_of_its_new_figure() -> None:
    final = {"2014-15": "2015-06-01"}
    hidden = {"symbols": "[c]"}
    was = table(year("ten", 2014, None, **hidden), year("city", 2014, 70.0))
    now = table(year("ten", 2014, None, **hidden), year("city", 2014, None, **hidden))
    found = settle(now, SP01, given("2016-01-01", before=was, final=final)).rows
    assert list(found["part"]) == ["city", "city_recomputed", "ten"]
    said = found.set_index("part")
    assert said.loc["city", "value"] == 70.0
    assert said.loc[["city_recomputed", "ten"], "symbols"].tolist() == ["[c]", "[c]"]
    assert said.loc[["city_recomputed", "ten"], "value"].isna().all()


def test_a_year_that_had_no_figure_becomes_final_with_its_first() -> None:
    was = table(year("gap", 2014, None), year("city", 2014, 70.0))
    now = table(year("gap", 2014, 48.0), year("city", 2014, 70.0))
    found = settle(now, SP01, given("2016-01-01", before=was, final={"2014-15": "2015-06-01"}))
    assert by_part(found.rows, 2014) == {"gap": 48.0, "city": 70.0}


def test_part_that_may_no_longer_be_shown_does_not_come_back() -> None:
    was = table(year("gap", 2014, 48.0), year("city", 2014, 70.0))
    now = table(year("city", 2014, 70.0))
    found = settle(now, SP01, given("2016-01-01", before=was, final={"2014-15": "2015-06-01"}))
    assert by_part(found.rows, 2014) == {"city": 70.0}


def test_an_earlier_evaluation_date_has_no_out_turn_yet() -> None:
    was = table(year("gap", 2014, 48.0))
    found = settle(
        table(year("gap", 2014, 49.0)), SP01, given("2015-05-01", before=was, final={"2014-15": "2015-06-01"})
    )
    assert by_part(found.rows, 2014) == {"gap": 49.0}
    assert found.final == {}


def test_later_years_are_compared_with_the_out_turn_of_the_baseline_year() -> None:
    """Worked case SP01-a to c: 52.160494 in 2013/14; the population is rebased later."""
    was = table(year("gap", 2013, 52.160494, 2.04))
    compared = {
        "baseline_value": 53.0,
        "change": -4.570651,
        "change_lower": -7.0,
        "change_upper": -2.0,
        "comparison": "improved",
    }
    now = table(year("gap", 2013, 53.0, 2.04), year("gap", 2015, 48.429349, 1.94, **compared))
    what = given(
        "2016-05-01", baseline="2013-14", against_baseline=True, polarity="lower_better", before=was,
        final={"2013-14": "2014-06-01"},
    )  # fmt: skip
    found = settle(now, SP01, what).rows
    assert by_part(found, 2013) == {"gap": 52.160494, "gap_recomputed": 53.0}
    (row,) = found[found["period_start"] == "2015-04-01"].to_dict("records")
    assert row["baseline_value"] == 52.160494
    assert row["change"] == pytest.approx(-3.731145)
    reach = (2.04**2 + 1.94**2) ** 0.5
    assert (row["change_lower"], row["change_upper"]) == (
        pytest.approx(-3.731145 - reach), pytest.approx(-3.731145 + reach),
    )  # fmt: skip
    assert row["comparison"] == "improved"


def test_where_the_baseline_year_stands_as_it_was_no_comparison_is_touched() -> None:
    was = table(year("gap", 2013, 52.0))
    now = table(year("gap", 2013, 52.0), year("gap", 2015, 48.0, baseline_value=52.0, change=-4.0))
    what = given("2016-05-01", baseline="2013-14", against_baseline=True, before=was, final={"2013-14": "2014-06-01"})
    pd.testing.assert_frame_equal(settle(now, SP01, what).rows, now)


def test_as_computed_takes_a_release_back_to_one_computation() -> None:
    was = table(year("gap", 2014, 48.0), year("city", 2014, 70.0), year("city", 2013, 75.0))
    now = table(year("gap", 2014, 49.0), year("city", 2014, 70.0), year("city", 2013, 75.0))
    both = settle(now, SP01, given("2016-01-01", before=was, final={"2014-15": "2015-06-01"})).rows
    columns = ["part", "period_start", "value"]
    expected = now.sort_values(columns, ignore_index=True)[columns]
    pd.testing.assert_frame_equal(as_computed(both).sort_values(columns, ignore_index=True)[columns], expected)
    assert as_computed(now) is now


def test_the_set_day_is_a_day_after_the_year_and_in_the_register() -> None:
    from pydantic import ValidationError

    from expectations.register import _PartnershipFile

    base = {
        "name": "n", "slug": "n", "synthetic": True, "clock": "data",
        "area": {"code": "E06999999", "name": "A", "forces": ["f"], "lsoa_name_prefix": "A"},
        "baseline": {"financial_year": "2013-14"}, "population": {"fallback": "none"},
    }  # fmt: skip
    assert _PartnershipFile.model_validate(base).out_turns_final == "05-31"
    assert _PartnershipFile.model_validate({**base, "out_turns_final": "09-30"}).out_turns_final == "09-30"
    for bad in ("03-31", "06-31", "5-31", "2015-05-31", ""):
        with pytest.raises(ValidationError):
            _PartnershipFile.model_validate({**base, "out_turns_final": bad})


def test_measure_is_the_registers() -> None:
    assert isinstance(SP01, Measure)
