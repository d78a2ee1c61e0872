"""Disclosure control, once, at the release: what of the outcome tables may be public (spec 4.8).

Here: the register's allow-list of parts and breakdowns, and a conservative form of regime A. Figures below the city total
come out for discrete quarters and years only, so that no difference of two running totals tells a month; and where any count of
such a table is small, the whole table of that financial year is hidden, so that nothing can be worked out from its totals.
Regime B: `regime_b.py`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import pandas as pd

from assets.release import regime_b
from assets.release.regime_b import HIDDEN, HIDDEN_NOTE, Asked, Cell, hidden_cells
from expectations.register import Measure
from methods.periods import financial_year

#: Parts of a measure that lie below its published total.
DETAIL = {
    "SP01": ("neighbourhood",),
    "SP08": (
        "burglary", "robbery", "vehicle_crime",
        "domestic_burglary", "domestic_burglary_households", "theft_of_vehicle", "theft_from_vehicle",
    ),
}  # fmt: skip
_DETAIL_KINDS = ("quarter", "fy")
_NUMBERS = ("numerator", "denominator", "value", "lower", "upper")
_COMPARED = ("baseline_value", "previous_value", "change", "change_lower", "change_upper")
#: A table that is hidden under regime A: measure, kind of period, financial year.
HiddenTable = tuple[str, str, str]


@dataclass(frozen=True)
class Hidden:
    """What an earlier release hid, and so stays hidden: whole tables of regime A, single cells of regime B."""

    tables: frozenset[HiddenTable] = frozenset()
    cells: frozenset[Cell] = frozenset()


def publishable(figures: pd.DataFrame, measure: Measure, asked: Asked, small: int, before: Hidden) -> pd.DataFrame:
    """The rows of one measure that may be public, by its allow-list and its regime.

    Args:
        figures: tidy rows at full precision, of one measure.
        measure: its record in the register.
        asked: what rows of regime B depend on beside their counts.
        small: under regime A counts from 1 to one below this are small.
        before: what earlier releases hid.
    """
    rows = allowed(figures, measure.public_parts, measure.public_breakdowns)
    if measure.disclosure_regime == "A":
        return regime_a(rows, small, before.tables)
    if "area" not in measure.public_breakdowns:
        rows = rows[rows["area_code"] == asked.setting.area_code]
    return regime_b.publishable(rows, asked, before.cells)


def allowed(figures: pd.DataFrame, parts: Collection[str] | None, breakdowns: Collection[str]) -> pd.DataFrame:
    """Rows of the parts (None: all) and of the dimensions that may be public at all; a total has no dimension."""
    listed = figures["breakdown"].str.extract(r"^([^=]*)", expand=False).isin(["", *breakdowns])
    if parts is not None:
        listed &= figures["part"].isin(list(parts))
    return figures[listed]


def regime_a(figures: pd.DataFrame, small: int, hidden_before: Collection[HiddenTable]) -> pd.DataFrame:
    """The public rows of one measure under regime A, with every number of a hidden table empty and marked `[c]`."""
    if figures.empty:
        return figures
    measure = str(figures["measure"].iloc[0])
    shown = figures[~_is_detail(figures, measure) | figures["period_kind"].isin(_DETAIL_KINDS)].reset_index(drop=True)
    detail = _is_detail(shown, measure)
    year = shown["period_end"].str[:7].map(financial_year)
    small_count = detail & shown["numerator"].between(1, small - 1)
    to_hide = {(kind, fy) for m, kind, fy in hidden_before if m == measure}
    to_hide |= set(zip(shown.loc[small_count, "period_kind"], year[small_count], strict=True))
    # The quarters of a hidden year sum to it.
    to_hide |= {("quarter", fy) for kind, fy in to_hide if kind == "fy"}
    if not to_hide:
        return shown
    keys = pd.Series(list(zip(shown["period_kind"], year, strict=True)), index=shown.index)
    hide = detail & keys.isin(to_hide) & ~shown["symbols"].str.contains("[x]", regex=False)
    shown.loc[hide, list(_NUMBERS)] = float("nan")
    # A hidden figure also stands in other rows, as what they are compared with.
    shown.loc[detail, list(_COMPARED)] = float("nan")
    shown.loc[detail, "comparison"] = ""
    shown.loc[hide, "symbols"] = HIDDEN
    shown.loc[hide, "note"] = HIDDEN_NOTE
    shown.loc[hide, "method"] = ""
    return shown


def _is_detail(figures: pd.DataFrame, measure: str) -> pd.Series:
    return figures["part"].isin(DETAIL.get(measure, ())) | (figures["breakdown"] != "")


def hidden(published: pd.DataFrame) -> Hidden:
    """What a release hid, from its published rows."""
    rows = published[published["symbols"].fillna("").str.contains(HIDDEN, regex=False)]
    years = rows["period_end"].str[:7].map(financial_year)
    return Hidden(
        frozenset(zip(rows["measure"], rows["period_kind"], years, strict=True)), frozenset(hidden_cells(rows))
    )
