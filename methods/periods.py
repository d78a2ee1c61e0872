"""Periods of the measures: months, quarters, financial years, year to date, rolling 12 months (spec 0.1).

Here: month arithmetic, the periods of a series, and the London date of a moment. A month is the text `YYYY-MM`, a
financial year `2016-17` (1 April to 31 March), a quarter `2016-17Q1`. Not here: whether a period's data is complete.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

PeriodKind = Literal["month", "quarter", "ytd", "fy", "r12"]
PERIOD_KINDS: tuple[PeriodKind, ...] = ("month", "quarter", "ytd", "fy", "r12")

_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")
_YEAR = re.compile(r"(\d{4})-(\d{2})")
_LONDON = ZoneInfo("Europe/London")


@dataclass(frozen=True, order=True)
class Period:
    """A period of whole months: its kind, its first and its last month (`YYYY-MM`)."""

    kind: PeriodKind
    first: str
    last: str

    @property
    def first_day(self) -> str:
        """First day, `YYYY-MM-DD`."""
        return first_day(self.first)

    @property
    def last_day(self) -> str:
        """Last day, `YYYY-MM-DD`."""
        return last_day(self.last)

    @property
    def months(self) -> list[str]:
        """Every month of the period, in order."""
        return month_range(self.first, self.last)

    @property
    def financial_year(self) -> str:
        """The financial year that holds the last day."""
        return financial_year(self.last)

    @property
    def holds_leap_day(self) -> bool:
        """Whether a 29 February lies in the period."""
        return any(month.endswith("-02") and calendar.isleap(int(month[:4])) for month in self.months)

    def shifted(self, years: int) -> Period:
        """The same months that many years later (earlier if negative)."""
        return Period(self.kind, add_months(self.first, 12 * years), add_months(self.last, 12 * years))

    def in_financial_year(self, year: str) -> Period:
        """The same period of another year: the one whose last day lies in that financial year."""
        return self.shifted(start_year(year) - start_year(self.financial_year))


def add_months(month: str, count: int) -> str:
    """The month that many months later (earlier if negative)."""
    year, zero_based = divmod(_ordinal(month) + count, 12)
    return f"{year:04d}-{zero_based + 1:02d}"


def month_range(first: str, last: str) -> list[str]:
    """Every month from the first to the last, both included; empty when the last is before the first."""
    return [add_months(first, step) for step in range(_ordinal(last) - _ordinal(first) + 1)]


def first_day(month: str) -> str:
    """First day of the month, `YYYY-MM-DD`."""
    _ordinal(month)
    return f"{month}-01"


def last_day(month: str) -> str:
    """Last day of the month, `YYYY-MM-DD`."""
    year, zero_based = divmod(_ordinal(month), 12)
    return f"{month}-{calendar.monthrange(year, zero_based + 1)[1]:02d}"


def financial_year(month: str) -> str:
    """Financial year that holds the month, such as `2016-17`."""
    start = int(add_months(month, -3)[:4])
    return f"{start:04d}-{(start + 1) % 100:02d}"


def start_year(year: str) -> int:
    """Calendar year in which a financial year starts; ValueError unless it is written like `2016-17`."""
    match = _YEAR.fullmatch(year)
    if not match or (int(match[1]) + 1) % 100 != int(match[2]):
        raise ValueError("a financial year is written like 2016-17")
    return int(match[1])


def quarter(month: str) -> str:
    """Quarter of the financial year that holds the month, such as `2016-17Q1` for April to June."""
    return f"{financial_year(month)}Q{_month_of_year(month) // 3 + 1}"


def period_ending(kind: PeriodKind, last: str) -> Period | None:
    """The period of that kind that ends with the month, or None when none does (a quarter ends only in its third)."""
    step = _month_of_year(last)
    length = {"month": 1, "quarter": 3, "ytd": step + 1, "fy": 12, "r12": 12}[kind]
    if (kind == "quarter" and step % 3 != 2) or (kind == "fy" and step != 11):
        return None
    return Period(kind, add_months(last, 1 - length), last)


def periods(months: Iterable[str]) -> list[Period]:
    """Every period of every kind that ends with one of the months of a series.

    So a period not yet over is none of them, save the year to date; the first ones may begin before the series does.
    """
    ends = list(months)
    return [period for kind in PERIOD_KINDS for end in ends if (period := period_ending(kind, end)) is not None]


def london_date(moment: str | datetime) -> date:
    """Date in London at a moment given with its time zone (`2015-03-31T23:30:00Z` is 1 April 2015: spec PER-1).

    Raises:
        ValueError: the moment cannot be read, or has no time zone.
    """
    try:
        when = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    except ValueError:
        raise ValueError("a moment is written like 2015-03-31T23:30:00Z") from None
    if when.tzinfo is None:
        raise ValueError("a moment needs its time zone, such as a final Z for UTC")
    return when.astimezone(_LONDON).date()


def _ordinal(month: str) -> int:
    """Months since year 0."""
    match = _MONTH.fullmatch(month)
    if not match:
        raise ValueError("a month is written YYYY-MM, such as 2016-04")
    return int(match[1]) * 12 + int(match[2]) - 1


def _month_of_year(month: str) -> int:
    """0 for April, the first month of a financial year, to 11 for March."""
    return (_ordinal(month) - 3) % 12
