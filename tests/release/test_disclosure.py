"""What may be public: the register's list of parts and breakdowns, small counts, and what an earlier release hid."""

from __future__ import annotations

import pandas as pd
import pytest

from assets.outcomes.tidy import Setting
from assets.release.disclosure import Hidden, allowed, hidden, publishable
from assets.release.regime_b import Asked
from expectations.contracts.outcome import COLUMNS
from expectations.register import Measure, load_register
from tests.paths import ROOT

NUMBERS = [c.name for c in COLUMNS if c.type == "float"]
REGISTER = load_register(ROOT / "partnership" / "synthetic")
ASKED = Asked(Setting("C", "City", ("force",), "2014-15", priority_set=(("ten", "A", "2000-01-01", None),)), True)
QUARTERS = Q1, *_ = (
    "2015-04-01..2015-06-30", "2015-07-01..2015-09-30", "2015-10-01..2015-12-31", "2016-01-01..2016-03-31",
)  # fmt: skip
Counted = dict[tuple[str, str], float]


def figures(measure: str, part: str, kind: str, counts: Counted) -> pd.DataFrame:
    """One row an area and period: (area, 'start..end') to its count."""
    rows = []
    for (area, span), count in counts.items():
        start, end = span.split("..")
        row = {c.name: 1.0 if c.type == "float" else "" for c in COLUMNS}
        row |= {"measure": measure, "part": part, "area_code": area, "period_kind": kind, "numerator": count}
        rows.append(row | {"period_start": start, "period_end": end, "comparison": "higher", "unit": "crimes per 1000"})
    return pd.DataFrame(rows)


def places(counts: dict[str, list[float]], year: int = 2015) -> pd.DataFrame:
    """SP01 of one year: counts of four quarters by neighbourhood, with their years and the city."""
    moved = str.maketrans({"5": str(year)[-1], "6": str(year + 1)[-1]})
    spans = [f"{span[:4].translate(moved)}{span[4:12]}{span[12:16].translate(moved)}{span[16:]}" for span in QUARTERS]
    whole = f"{year}-04-01..{year + 1}-03-31"
    city = [sum(found) for found in zip(*counts.values(), strict=True)]
    return pd.concat(
        [
            figures(
                "SP01", "neighbourhood", "quarter",
                {(area, span): n for area, found in counts.items() for span, n in zip(spans, found, strict=True)},
            ),
            figures("SP01", "neighbourhood", "fy", {(area, whole): sum(found) for area, found in counts.items()}),
            figures("SP01", "city", "quarter", {("C", span): n for span, n in zip(spans, city, strict=True)}),
            figures("SP01", "city", "fy", {("C", whole): sum(city)}),
        ],
        ignore_index=True,
    )  # fmt: skip


def public(rows: pd.DataFrame, before: Hidden | None = None, small: int = 5) -> pd.DataFrame:
    found = publishable(rows, REGISTER.measures[str(rows["measure"].iloc[0])], ASKED, small, before or Hidden())
    return found.reset_index(drop=True)


def said(rows: pd.DataFrame) -> set[tuple[str, str, str]]:
    """Area, kind and first day of what is hidden."""
    mine = rows[rows["symbols"].str.contains("[c]", regex=False)]
    return set(zip(mine["area_code"], mine["period_kind"], mine["period_start"], strict=True))


FOUR = {"A": [30.0, 40, 50, 60], "B": [20.0, 22, 24, 26], "D": [70.0, 80, 90, 99], "E": [11.0, 12, 13, 14]}


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_a_small_count_is_hidden_with_the_fewest_crimes_more(count: int) -> None:
    """One small quarter needs a neighbour in its column and in its row, and so four counts: here those of the smallest area."""
    shown = public(places(FOUR | {"A": [count, 40, 50, 60]}))
    assert said(shown) == {
        (area, "quarter", start) for area in ("A", "E") for start in ("2015-04-01", "2015-07-01")
    }  # fmt: skip
    hidden_rows = shown[shown["symbols"] == "[c]"]
    assert hidden_rows[NUMBERS].isna().all().all()
    assert set(hidden_rows["note"]) == {"hidden to protect people"}
    assert shown.loc[shown["part"] == "city", "numerator"].notna().all()


@pytest.mark.parametrize("count", [0, 5, 6])
def test_counts_that_are_not_small_are_shown(count: int) -> None:
    shown = public(places(FOUR | {"A": [count, 40, 50, 60]}))
    assert said(shown) == set()
    assert count in set(shown["numerator"])


def test_a_whole_year_of_small_counts() -> None:
    shown = public(places(FOUR | {"A": [1.0, 0, 1, 1]}))
    assert {("A", "quarter", "2015-04-01"), ("A", "fy", "2015-04-01")} <= said(shown)
    assert ("A", "quarter", "2015-07-01") not in said(shown)  # a zero is printed


def test_nothing_is_compared_with_a_hidden_figure() -> None:
    """SP01 is measured from the baseline year: change and baseline value go; from the year before only that value."""
    rows = pd.concat([places(FOUR | {"A": [3.0, 40, 50, 60]}, 2014), places(FOUR), places(FOUR, 2016)])
    shown = public(rows)
    mine = shown[(shown["area_code"] == "A") & (shown["period_kind"] == "quarter")].set_index("period_start")
    assert mine.loc["2014-04-01", "symbols"] == "[c]"
    gone = ["baseline_value", "change", "change_lower", "change_upper"]
    assert mine.loc["2015-04-01", [*gone, "previous_value"]].isna().all()
    assert mine.loc["2016-04-01", gone].isna().all()
    assert mine.loc["2016-04-01", ["previous_value", "value"]].notna().all()
    assert list(mine.loc[["2015-04-01", "2016-04-01", "2016-10-01"], "comparison"]) == ["", "", "higher"]
    assert mine.loc["2016-10-01", NUMBERS].notna().all()


@pytest.mark.parametrize("kind", ["month", "ytd", "r12"])
def test_detail_comes_out_for_quarters_and_years_only(kind: str) -> None:
    assert public(figures("SP08", "robbery", kind, {("C", Q1): 50})).empty
    assert len(public(figures("SP08", "proxy", kind, {("C", Q1): 50}))) == 1


def groups(robbery: float, burglary: float = 50, vehicle: float = 60) -> pd.DataFrame:
    counts = {"robbery": robbery, "burglary": burglary, "vehicle_crime": vehicle}
    counts["proxy"] = sum(counts.values())
    return pd.concat([figures("SP08", part, "quarter", {("C", Q1): n}) for part, n in counts.items()])


def test_a_small_group_of_offences_is_hidden_with_another() -> None:
    shown = public(groups(3))
    assert set(shown.loc[shown["symbols"] == "[c]", "part"]) == {"robbery", "burglary"}


def test_the_same_count_under_two_names_is_hidden_twice() -> None:
    names = {"domestic_burglary": 3.0, "domestic_burglary_households": 3.0, "robbery": 9.0, "theft_of_vehicle": 20.0}
    names |= {"theft_from_vehicle": 30.0, "sac": 62.0}
    shown = public(pd.concat([figures("SP08", part, "quarter", {("C", Q1): n}) for part, n in names.items()]))
    assert set(shown.loc[shown["symbols"] == "[c]", "part"]) == {
        "domestic_burglary", "domestic_burglary_households", "robbery",
    }  # fmt: skip


def test_once_hidden_always_hidden() -> None:
    first = public(groups(3))
    later = public(groups(9), hidden(first))
    assert set(later.loc[later["symbols"] == "[c]", "part"]) == {"robbery", "burglary"}
    assert said(public(groups(9))) == set()


def test_a_count_that_every_release_showed_protects_nothing_in_the_next() -> None:
    """Shown then, and the same now: another one, which was revised too, has to stand beside the small one."""
    first = public(groups(8, 50, 60))
    assert said(first) == set()
    shown = public(groups(3, 50, 65), hidden(first))
    assert set(shown.loc[shown["symbols"] == "[c]", "part"]) == {"robbery", "vehicle_crime"}


def test_where_nothing_else_is_protected_the_whole_table_is_hidden() -> None:
    shown = public(groups(3, 0, 0))
    assert set(shown.loc[shown["symbols"] == "[c]", "part"]) == {"robbery", "burglary", "vehicle_crime"}


def test_whatever_is_broken_down_is_detail_too() -> None:
    rows = [("ward=A", 3.0), ("ward=B", 30.0), ("ward=C", 20.0), ("", 53.0)]
    table = pd.concat([figures("SP08", "sac", "quarter", {("C", Q1): n}).assign(breakdown=by) for by, n in rows])
    record = measure("A", None, ("ward",)).model_copy(update={"id": "SP08"})
    shown = publishable(table, record, ASKED, 5, Hidden())
    assert set(shown.loc[shown["symbols"] == "[c]", "breakdown"]) == {"ward=A", "ward=C"}
    assert publishable(table.assign(period_kind="month"), record, ASKED, 5, Hidden())["breakdown"].tolist() == [""]


def measure(regime: str, parts: tuple[str, ...] | None, breakdowns: tuple[str, ...] = ()) -> Measure:
    record = REGISTER.measures["SP05"]
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
    assert publishable(table().iloc[:0], measure("A", None), ASKED, 5, Hidden()).empty
