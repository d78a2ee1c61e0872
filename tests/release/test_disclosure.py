"""What may be public: small counts, what they can be worked out from, and what an earlier release hid."""

from __future__ import annotations

import pandas as pd
import pytest

from assets.release.disclosure import hidden_tables, publishable
from expectations.contracts.outcome import COLUMNS

NUMBERS = [c.name for c in COLUMNS if c.type == "float"]


def figures(measure: str, part: str, kind: str, counts: dict[tuple[str, str], float]) -> pd.DataFrame:
    """One row an area and period: (area, 'start..end') to its count."""
    rows = []
    for (area, span), count in counts.items():
        start, end = span.split("..")
        row = {c.name: 1.0 if c.type == "float" else "" for c in COLUMNS}
        row |= {"measure": measure, "part": part, "area_code": area, "period_kind": kind, "numerator": count}
        rows.append(row | {"period_start": start, "period_end": end, "comparison": "higher"})
    return pd.DataFrame(rows)


Q1, Q2, YEAR = "2015-04-01..2015-06-30", "2015-07-01..2015-09-30", "2015-04-01..2016-03-31"


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_one_small_quarter_hides_the_quarters_of_that_year(count: int) -> None:
    rows = pd.concat(
        [
            figures("SP01", "neighbourhood", "quarter", {("A", Q1): count, ("B", Q1): 90, ("A", Q2): 50}),
            figures("SP01", "neighbourhood", "fy", {("A", YEAR): 200, ("B", YEAR): 400}),
            figures("SP01", "city", "quarter", {("C", Q1): 900}),
        ]
    )
    shown = publishable(rows, 5, ())
    quarters = shown[(shown["part"] == "neighbourhood") & (shown["period_kind"] == "quarter")]
    assert quarters[NUMBERS].isna().all().all()
    assert set(quarters["symbols"]) == {"[c]"}
    years = shown[shown["period_kind"] == "fy"]
    assert list(years["numerator"]) == [200, 400]
    # What a hidden figure was compared with could give it away.
    assert years[["baseline_value", "previous_value", "change"]].isna().all().all()
    assert shown.loc[shown["part"] == "city", "numerator"].item() == 900


def test_small_year_hides_its_quarters_too() -> None:
    rows = pd.concat(
        [
            figures("SP01", "neighbourhood", "quarter", {("A", Q1): 0, ("A", Q2): 0}),
            figures("SP01", "neighbourhood", "fy", {("A", YEAR): 3}),
        ]
    )
    assert set(publishable(rows, 5, ())["symbols"]) == {"[c]"}


@pytest.mark.parametrize("count", [0, 5, 6])
def test_counts_that_are_not_small_are_shown(count: int) -> None:
    shown = publishable(figures("SP01", "neighbourhood", "quarter", {("A", Q1): count}), 5, ())
    assert list(shown["numerator"]) == [count]
    assert list(shown["symbols"]) == [""]


@pytest.mark.parametrize("kind", ["month", "ytd", "r12"])
def test_detail_comes_out_for_quarters_and_years_only(kind: str) -> None:
    assert publishable(figures("SP08", "robbery", kind, {("C", Q1): 50}), 5, ()).empty
    assert len(publishable(figures("SP08", "proxy", kind, {("C", Q1): 50}), 5, ())) == 1


def test_once_hidden_always_hidden() -> None:
    first = publishable(figures("SP08", "robbery", "quarter", {("C", Q1): 3}), 5, ())
    later = figures("SP08", "robbery", "quarter", {("C", Q1): 9})
    assert list(publishable(later, 5, hidden_tables(first))["symbols"]) == ["[c]"]
    assert list(publishable(later, 5, ())["symbols"]) == [""]
