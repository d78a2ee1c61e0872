"""From clean rows to figures of every period: which months are complete, counts, shares and distinct people (spec 0.1, 0.2).

Shared by the measures made from partners' deliveries. Here: coverage, and figures that are the same whatever is counted. Not
here: what a measure counts (one file each), police counts by area (`street.py`), the tidy table (`tidy.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import pandas as pd

from assets.outcomes.tidy import Change, Figure, Line, Setting, compare_counts, compare_shares
from methods.periods import Period, last_day, month_range, periods
from methods.proportions import proportion
from methods.rates import count_limits

#: Below this denominator a proportion is of low reliability: `[u]` (spec 0.3).
RELIABLE_FROM = 20
LOW_RELIABILITY = "[u]"
_MONTHS_NAMED = 3


@dataclass(frozen=True)
class Coverage:
    """Months that deliveries cover: a month is complete when every source (or force) that counts has delivered it."""

    complete: frozenset[str]
    #: Months of the series, from the first delivered to the last complete one.
    months: tuple[str, ...]

    @property
    def as_at(self) -> str:
        """Last day of the newest complete month, of the series when none is; empty text without a series."""
        return last_day(max(self.complete, default=self.months[-1])) if self.months else ""

    @property
    def periods(self) -> list[Period]:
        """Every period that ends in the series."""
        return periods(self.months)

    @property
    def quarters(self) -> list[Period]:
        """The quarters and financial years that end in the series, for sources that know no month."""
        return [period for period in self.periods if period.kind in ("quarter", "fy")]

    def why_not(self, period: Period) -> str:
        """Empty when every month of the period is complete; else which are not."""
        if (known := self._reasons.get(period)) is None:
            known = self._reasons[period] = self._why_not(period)
        return known

    @cached_property
    def _reasons(self) -> dict[Period, str]:
        """Answers given so far: every part of a measure asks about the same periods."""
        return {}

    def _why_not(self, period: Period) -> str:
        missing = [month for month in period.months if month not in self.complete]
        if not missing:
            return ""
        more = f" and {len(missing) - _MONTHS_NAMED} more" if len(missing) > _MONTHS_NAMED else ""
        return f"{', '.join(missing[:_MONTHS_NAMED])}{more} not delivered"


def covered(*completeness: pd.DataFrame) -> Coverage:
    """Months complete in every one of these completeness tables; the series begins with the first covered month of all."""
    held = [set(table.loc[table["received"] == 1, "month"]) - {""} for table in completeness]
    complete = frozenset(set.intersection(*held)) if held else frozenset()
    return Coverage(complete, tuple(month_range(min(complete), max(complete))) if complete else ())


def spanning(*covers: Coverage) -> Coverage:
    """Complete where all of these are, over the months of any: what one source lacks is not available, never left out."""
    months = sorted({month for cover in covers for month in cover.months})
    complete = frozenset.intersection(*(cover.complete for cover in covers))
    return Coverage(complete, tuple(month_range(months[0], months[-1])) if months else ())


class Monthly:
    """Additive counts by month and label, ready to be summed over any period of a coverage."""

    def __init__(self, cover: Coverage, months: pd.Series, labels: pd.Series | None = None) -> None:
        """Count rows.

        Args:
            cover: which months are complete.
            months: month `YYYY-MM` of each row; rows of other months than the series' count nowhere.
            labels: label of each row; None where all rows are alike (their label is empty text).
        """
        named = labels if labels is not None else pd.Series("", index=months.index)
        table = named.groupby([months, named]).size().unstack() if len(months) else pd.DataFrame()
        table = table.reindex(index=list(cover.months)).fillna(0)
        self._cover = cover
        self._place = {month: row for row, month in enumerate(cover.months)}
        self._running = {str(label): [0.0, *table[label].cumsum().tolist()] for label in table.columns}

    @property
    def labels(self) -> list[str]:
        """Labels that occur, sorted."""
        return sorted(self._running)

    def of(self, period: Period, label: str = "") -> float | None:
        """Rows of the period with that label; None when the period is not complete."""
        if self._cover.why_not(period):
            return None
        running = self._running.get(label)
        return running[self._place[period.last] + 1] - running[self._place[period.first]] if running else 0.0


def count_figure(counted: float, notes: Iterable[str] = ()) -> Figure:
    """A count with its limits: exact below 10, Byar from 10 (spec 4.1)."""
    lower, upper, method = count_limits(counted)
    return Figure(float(counted), lower, upper, method, float(counted), notes=tuple(notes))


def share_figure(part: float, whole: float, notes: Iterable[str] = ()) -> Figure:
    """A proportion in percent with Wilson limits; `[u]` below a denominator of 20, not available of none (spec 4.2, 0.3)."""
    said = tuple(notes)
    if whole == 0:
        return Figure(notes=(*said, "nobody in the denominator"))
    found = proportion(part, whole)
    symbols = (LOW_RELIABILITY,) if whole < RELIABLE_FROM else ()
    return Figure(found.value, found.lower, found.upper, found.method, float(part), float(whole), said, symbols)


def by_period(cover: Coverage, wanted: Iterable[Period], figure: Callable[[Period], Figure]) -> dict[Period, Figure]:
    """A figure for each period; a period with a month that was not delivered is not available, and says which."""
    return {period: Figure(notes=(why,)) if (why := cover.why_not(period)) else figure(period) for period in wanted}


def counts(cover: Coverage, wanted: Iterable[Period], monthly: Monthly, label: str = "") -> dict[Period, Figure]:
    """Figures of an additive count."""
    return by_period(cover, wanted, lambda period: count_figure(monthly.of(period, label) or 0))


def shares(cover: Coverage, wanted: Iterable[Period], part: Monthly, whole: Monthly) -> dict[Period, Figure]:
    """Figures of a proportion whose numerator and denominator are additive counts without label."""
    return by_period(cover, wanted, lambda period: share_figure(part.of(period) or 0, whole.of(period) or 0))


def distinct(cover: Coverage, wanted: Iterable[Period], months: pd.Series, keys: pd.Series) -> dict[Period, Figure]:
    """Figures of a count of distinct keys: each counts once in every period it occurs in, so periods do not add up."""
    held: Mapping[str, set[str]] = {str(month): set(group) for month, group in keys.dropna().groupby(months)}
    return by_period(
        cover, wanted, lambda period: count_figure(len(set().union(*(held.get(m, set()) for m in period.months))))
    )


#: Why a period has no figure although its months were delivered; empty text where it has one.
Unless = Callable[[Period], str]


class Parts:
    """Lines of a measure that is counted in the whole area, one call a part: from the month of each row to figures."""

    def __init__(self, cover: Coverage, setting: Setting, wanted: Iterable[Period] | None = None) -> None:
        """Settle what all parts have in common.

        Args:
            cover: which months are complete.
            setting: area, and how a change may be worded.
            wanted: periods to give; every one of the coverage if left out.
        """
        self._cover = cover
        self._setting = setting
        self._wanted = cover.periods if wanted is None else list(wanted)

    def line(
        self,
        part: str,
        unit: str,
        figure: Callable[[Period], Figure],
        compare: Callable[[Figure, Figure], Change],
        breakdown: str = "",
        note: str = "",
        unless: Unless | None = None,
    ) -> Line:
        """A line of any figure; a period that is not delivered, or that `unless` gives a reason for, is `[x]`."""

        def known(period: Period) -> Figure:
            why = unless(period) if unless else ""
            return Figure(notes=(why,)) if why else figure(period)

        figures = by_period(self._cover, self._wanted, known)
        if note:
            figures = {period: replace(found, notes=(note, *found.notes)) for period, found in figures.items()}
        return Line(part, self._setting.area_code, self._setting.area_name, unit, figures, compare, breakdown)

    def count(
        self,
        part: str,
        unit: str,
        months: pd.Series,
        breakdown: str = "",
        note: str = "",
        unless: Unless | None = None,
    ) -> Line:
        """How many rows: `months` holds the month of each row that counts."""
        monthly = Monthly(self._cover, months)
        compare = compare_counts(self._setting)
        return self.line(
            part, unit, lambda period: count_figure(monthly.of(period) or 0), compare, breakdown, note, unless
        )

    def share(
        self,
        part: str,
        months: pd.Series,
        counted: pd.Series,
        of: pd.Series,
        breakdown: str = "",
        note: str = "",
        unless: Unless | None = None,
    ) -> Line:
        """Which percentage of the rows `of` are `counted` too; both tell it for each of the rows that `months` dates."""
        some, whole = Monthly(self._cover, months[counted & of]), Monthly(self._cover, months[of])
        return self.line(
            part,
            "%",
            lambda period: share_figure(some.of(period) or 0, whole.of(period) or 0),
            compare_shares(self._setting),
            breakdown,
            note,
            unless,
        )

    def people(
        self,
        part: str,
        unit: str,
        months: pd.Series,
        keys: pd.Series,
        breakdown: str = "",
        note: str = "",
        unless: Unless | None = None,
    ) -> Line:
        """How many different keys: each counts once in every period it occurs in, so periods do not add up."""
        figures = distinct(self._cover, self._wanted, months, keys)
        return self.line(part, unit, figures.__getitem__, compare_counts(self._setting), breakdown, note, unless)
