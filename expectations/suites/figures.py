"""Figures that the own rules of several partner sources are about: shares, rows set aside, dates heaped on a quarter's end.

Here: pure counts and shares. Not here: any rule (one file each, beside this one).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

#: Below so many rows a share says too little for a warning: it would come and go by chance.
ENOUGH = 20
#: Days a year that are the last of a quarter.
_QUARTER_ENDS = 4 / 365.25
#: So many dates must be expected on them before a multiple of that means anything.
_EXPECTED_AT_LEAST = 2


def share(part: pd.Series, least: int = 1) -> float | None:
    """Share of rows for which a condition holds; None where there are fewer rows than `least`."""
    return float(part.mean()) if len(part) >= max(least, 1) else None


def set_aside(frames: Mapping[str, pd.DataFrame], source: str, *reasons: str) -> int:
    """Rows of the source that were set aside for one of these reasons."""
    return int(frames[f"clean_{source}_quarantine"]["reason"].isin(reasons).sum())


def quarter_end_heaping(columns: Iterable[pd.Series]) -> float | None:
    """How many times its usual share the last day of a quarter has, in the column where that is greatest.

    Usual is 4 days in a year. None where no column has enough dates to tell.
    """
    ratios = []
    for column in columns:
        dates = column.dropna()
        expected = len(dates) * _QUARTER_ENDS
        if expected >= _EXPECTED_AT_LEAST:
            ratios.append(int(dates.str[5:].isin(["03-31", "06-30", "09-30", "12-31"]).sum()) / expected)
    return max(ratios, default=None)
