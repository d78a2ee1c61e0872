"""When the figure of a period becomes final, after which it is no longer provisional (spec 4.9).

Here: maturity by whole months or by days after a period. Not here: maturity by an event, as when the last licence of a
cohort ends; the symbol.
"""

from __future__ import annotations

from datetime import date, timedelta

from methods.periods import add_months


def final_from(period_end: str, months: int | None = None, days: int | None = None) -> date | None:
    """First day on which the figure of a period is final.

    Args:
        period_end: last day of the period, `YYYY-MM-DD`.
        months: whole months to pass after the month in which the period ends; final on the first of the next.
        days: days to pass after the last day; final on the day after them.

    Returns:
        The day; the later one if months and days are given; None if neither is: no maturity by date.

    Raises:
        ValueError: the date cannot be read, or months or days are below zero.
    """
    end = date.fromisoformat(period_end)
    if (months or 0) < 0 or (days or 0) < 0:
        raise ValueError("months and days of maturity must be zero or more")
    ends = []
    if months is not None:
        ends.append(date.fromisoformat(f"{add_months(f'{end:%Y-%m}', months + 1)}-01"))
    if days is not None:
        ends.append(end + timedelta(days=days + 1))
    return max(ends, default=None)


def is_provisional(period_end: str, as_of: date, months: int | None = None, days: int | None = None) -> bool:
    """Whether on that day the period is younger than its maturity; never without one.

    Raises:
        ValueError: the date cannot be read, or months or days are below zero.
    """
    final = final_from(period_end, months, days)
    return final is not None and as_of < final
