"""Shares of recent figures that rules of outcome tables look at: enough people behind them, and the newest there are.

Here: which figures of a tidy table make one recent share. Not here: any rule (one file a measure, beside this one).
"""

from __future__ import annotations

import pandas as pd

#: Below this denominator nothing is published (spec 4.8), so there is nothing to block or to warn of.
PUBLISHED_FROM = 10


def recent_share(rows: pd.DataFrame, part: str, year: str, step: str) -> float | None:
    """Numerator over denominator, 0 to 1, of the newest year of a part, or of its whole series if too few are in that.

    Args:
        rows: an outcome table.
        part: a part whose numerator and denominator are additive counts.
        year: kind of its newest period of twelve months, `r12` or `fy`.
        step: kind of period that the series is made of, `month` or `quarter`.

    Returns:
        None where even the whole series has fewer than ten in the denominator.
    """
    figures = rows[(rows["part"] == part) & (rows["breakdown"] == "") & (rows["denominator"] > 0)]
    newest = figures[figures["period_kind"] == year].sort_values("period_end").tail(1)
    for held in (newest, figures[figures["period_kind"] == step]):
        if (whole := float(held["denominator"].sum())) >= PUBLISHED_FROM:
            return float(held["numerator"].sum()) / whole
    return None
