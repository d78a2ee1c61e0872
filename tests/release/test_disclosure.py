"""What may be public: small counts, what they can be worked out from, and what an earlier release hid."""

from __future__ import annotations

import pandas as pd
import pytest

from assets.outcomes.tidy import Setting
from assets.release.disclosure import Hidden, allowed, hidden, publishable, regime_a
from assets.release.regime_b import Asked
from expectations.contracts.outcome import COLUMNS
from expectations.register import Measure, load_register
from tests.paths import ROOT

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
    shown = regime_a(rows, 5, ())
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
    assert set(regime_a(rows, 5, ())["symbols"]) == {"[c]"}


@pytest.mark.parametrize("count", [0, 5, 6])
def test_counts_that_are_not_small_are_shown(count: int) -> None:
    shown = regime_a(figures("SP01", "neighbourhood", "quarter", {("A", Q1): count}), 5, ())
    assert list(shown["numerator"]) == [count]
    assert list(shown["symbols"]) == [""]


@pytest.mark.parametrize("kind", ["month", "ytd", "r12"])
def test_detail_comes_out_for_quarters_and_years_only(kind: str) -> None:
    assert regime_a(figures("SP08", "robbery", kind, {("C", Q1): 50}), 5, ()).empty
    assert len(regime_a(figures("SP08", "proxy", kind, {("C", Q1): 50}), 5, ())) == 1


def test_once_hidden_always_hidden() -> None:
    first = regime_a(figures("SP08", "robbery", "quarter", {("C", Q1): 3}), 5, ())
    later = figures("SP08", "robbery", "quarter", {("C", Q1): 9})
    assert list(regime_a(later, 5, hidden(first).tables)["symbols"]) == ["[c]"]
    assert list(regime_a(later, 5, ())["symbols"]) == [""]


def test_whatever_is_broken_down_is_detail_too() -> None:
    rows = figures("SP08", "sac", "quarter", {("C", Q1): 3}).assign(breakdown="ward=A")
    assert list(regime_a(rows, 5, ())["symbols"]) == ["[c]"]
    assert regime_a(rows.assign(period_kind="month"), 5, ()).empty


def measure(regime: str, parts: tuple[str, ...] | None, breakdowns: tuple[str, ...] = ()) -> Measure:
    record = load_register(ROOT / "partnership" / "synthetic").measures["SP05"]
    changed = {"disclosure_regime": regime, "public_parts": parts, "public_breakdowns": breakdowns}
    return record.model_copy(update=changed)


def table() -> pd.DataFrame:
    """Rows of two parts, a breakdown, another area, all with numbers that follow from each other."""
    rows = []
    for part, breakdown, area in (
        ("appropriate", "", "C"), ("appropriate", "sex=female", "C"), ("appropriate", "", "N1"), ("cost", "", "C"),
    ):  # fmt: skip
        made = figures("SP05", part, "quarter", {(area, Q1): 52})
        rows.append(made.assign(breakdown=breakdown, value=52.0, denominator=float("nan"), unit="assessments"))
    return pd.concat(rows, ignore_index=True)


@pytest.mark.parametrize(
    ("parts", "breakdowns", "shown"),
    [
        (None, (), ["appropriate", "cost"]),
        (("appropriate",), (), ["appropriate"]),
        (("appropriate",), ("sex",), ["appropriate", "appropriate sex=female"]),
        (("appropriate",), ("sex", "area"), ["appropriate", "appropriate", "appropriate sex=female"]),
        (("appropriate",), ("area",), ["appropriate", "appropriate"]),
        ((), (), []),
        ((), ("sex", "area"), []),
    ],
)  # fmt: skip
@pytest.mark.parametrize("regime", ["A", "B"])
def test_only_what_the_register_lists_is_public(
    regime: str, parts: tuple[str, ...] | None, breakdowns: tuple[str, ...], shown: list[str]
) -> None:
    asked = Asked(Setting("C", "City", ("force",), None))
    found = publishable(table(), measure(regime, parts, breakdowns), asked, 5, Hidden())
    if regime == "A":  # an area below the city is a part there (SP01), and no breakdown
        found = found[found["area_code"] == "C"] if "area" not in breakdowns else found
    assert sorted(f"{r.part} {r.breakdown}".strip() for r in found.itertuples()) == shown


def test_rounding_is_for_regime_b() -> None:
    asked = Asked(Setting("C", "City", ("force",), None))
    rows = table().iloc[:1]
    for regime, value in (("A", 52), ("B", 50)):
        assert list(publishable(rows, measure(regime, None), asked, 5, Hidden())["value"]) == [value]


def test_allow_list_of_an_empty_table_is_empty() -> None:
    assert allowed(table().iloc[:0], ("appropriate",), ()).empty
