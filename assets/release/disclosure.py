"""Disclosure control, once, at the release: what of the outcome tables may be public (spec 4.8, regime A).

Here: a conservative form of regime A. Figures below the city total come out for discrete quarters and years only, so that
no difference of two running totals tells a month; and where any count of such a table is small, the whole table of that
financial year is hidden, so that nothing can be worked out from its totals. Regime B has no measure yet.
"""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from methods.periods import financial_year

#: Parts of a measure that lie below its published total.
DETAIL = {"SP01": ("neighbourhood",), "SP08": ("burglary", "robbery", "vehicle_crime")}
_DETAIL_KINDS = ("quarter", "fy")
HIDDEN = "[c]"
_NOTE = "hidden to protect people"
_NUMBERS = ("numerator", "denominator", "value", "lower", "upper")
_COMPARED = ("baseline_value", "previous_value", "change", "change_lower", "change_upper")
#: A table that is hidden: measure, kind of period, financial year.
Hidden = tuple[str, str, str]


def publishable(figures: pd.DataFrame, small: int, hidden_before: Collection[Hidden]) -> pd.DataFrame:
    """The rows of one measure that may be public.

    Args:
        figures: tidy rows at full precision, of one measure.
        small: counts from 1 to one below this are small.
        hidden_before: tables that an earlier release hid: once hidden, always hidden.

    Returns:
        The rows, with every number of a hidden table empty and marked `[c]`.
    """
    if figures.empty:
        return figures
    measure = str(figures["measure"].iloc[0])
    detail = figures["part"].isin(DETAIL.get(measure, ()))
    shown = figures[~detail | figures["period_kind"].isin(_DETAIL_KINDS)].reset_index(drop=True)
    detail = shown["part"].isin(DETAIL.get(measure, ()))
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
    shown.loc[hide, "note"] = _NOTE
    shown.loc[hide, "method"] = ""
    return shown


def hidden_tables(published: pd.DataFrame) -> set[Hidden]:
    """Which tables a release hid, from its published rows."""
    rows = published[published["symbols"].fillna("").str.contains(HIDDEN, regex=False)]
    years = rows["period_end"].str[:7].map(financial_year)
    return set(zip(rows["measure"], rows["period_kind"], years, strict=True))
