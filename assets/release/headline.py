"""Which figure of a measure a reader asks for first: one choice for pages and workbook. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from assets.release.view import Figure

#: A year to date is headline once it holds a quarter: one month alone says little and is often provisional.
_QUARTER_DAYS = 88


def headline_figure(figures: Sequence[Figure], part: str) -> tuple[Figure, Figure] | None:
    """The headline among the totals of a part, and the newest figure that could have been; None where there is none.

    Years and years to date, or quarters where no year to date is published. Hidden is an answer; not available is not, so the
    newest figure that is there stands in.
    """
    mine = [f for f in figures if f.part == part and not f.breakdown]
    to_date = [f for f in mine if f.kind == "ytd"]
    within = [f for f in to_date if (f.end - f.start).days >= _QUARTER_DAYS] if to_date else mine
    leading = [f for f in mine if f.kind == "fy"] + [f for f in within if f.kind in ("ytd", "quarter")]
    if not leading:
        return None
    newest = max(leading, key=_age)
    return max((f for f in leading if f.value is not None or "c" in f.symbols), key=_age, default=newest), newest


def _age(figure: Figure) -> tuple[date, bool]:
    """Newest last; of two that end together the year."""
    return figure.end, figure.kind == "fy"
