"""What all measures share on the way to their tidy table (design section 7, `expectations/contracts/outcome.py`).

Here: the settings of a measure, a figure, a line of figures over time, how two figures are compared, and the one
function that turns lines into the tidy table. Not here: what a measure counts (one file each), police counts
(`street.py`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Literal

import pandas as pd

from expectations.contracts.outcome import COLUMNS, KEY
from methods.change import Difference, Polarity, direction_word, mover_difference, rate_ratio, rate_word
from methods.gap import points_change
from methods.periods import Period, start_year

NOT_AVAILABLE = "[x]"
BREAK = "[b]"
YEAR_TO_DATE = "year to date, not annualised"
LEAP_DAY = "includes 29 February, no day adjustment"
LEAP_DAY_BEFORE = "compared with a period that includes 29 February, no day adjustment"

AssessmentMode = Literal["target", "direction", "baseline_year", "monitor_only", "none"]
#: One neighbourhood of a priority set: set id, neighbourhood code, valid from, valid to (`YYYY-MM-DD`, None if open).
PriorityMember = tuple[str, str, str, str | None]


@dataclass(frozen=True)
class Setting:
    """What the register says of a measure and its partnership: everything `calculate` needs beside the tables."""

    area_code: str
    area_name: str
    #: Only rows of these forces count; a month is complete when every one of them has delivered it.
    forces: tuple[str, ...]
    #: Financial year of the baseline, such as `2016-17`; None when the measure has none.
    baseline_fy: str | None
    #: What to do when no population as old as the period is held: no figure, or the oldest one after it.
    population_fallback: Literal["none", "oldest_after"] = "none"
    priority_set: tuple[PriorityMember, ...] = ()
    #: Category slugs that are crimes; anti-social behaviour is none.
    crime_categories: tuple[str, ...] = ()
    #: Category slug to group of the open-data proxy of serious acquisitive crime.
    proxy_groups: Mapping[str, str] = field(default_factory=dict)
    polarity: Polarity = "none"
    assessment_mode: AssessmentMode = "none"
    #: A referral is first-time when none came in so many months before it; as long must a source's history reach back.
    lookback_months: int = 24
    #: Target that the Board set, exact; None when it set none.
    target: Fraction | None = None
    #: A candidate of SP02 needs the alcohol flag answered for at least this share of the offences.
    alcohol_flag_complete: float = 0.8

    def __post_init__(self) -> None:
        """Refuse a setting that could only give a wrong figure; ValueError with the remedy."""
        if not self.forces:
            raise ValueError("forces: none named; name at least one force in the partnership's sources")
        if "anti_social_behaviour" in self.crime_categories:
            raise ValueError("crime_categories: anti-social behaviour is no crime; take it out")
        if self.baseline_fy is not None:
            start_year(self.baseline_fy)

    def needs(self, name: Literal["crime_categories", "proxy_groups"]) -> None:
        """ValueError when the measure cannot be counted without this list and it is empty: that would read as zero."""
        if not getattr(self, name):
            raise ValueError(f"{name}: empty, so nothing would be counted; fill it in the register")

    @property
    def judged_by(self) -> Polarity:
        """The polarity that words may follow: none unless the Board's mode is a judgement of direction."""
        return self.polarity if self.assessment_mode == "direction" else "none"

    @property
    def neutral(self) -> Setting:
        """The same without polarity, for the parts of a measure that no judgement is made of."""
        return replace(self, polarity="none")

    @property
    def wordless(self) -> bool:
        """Whether a change gets no word at all: in the year that sets the baseline nothing is compared (spec 0.4)."""
        return self.assessment_mode == "baseline_year"


@dataclass(frozen=True)
class Figure:
    """One figure at full precision; without a value it is `[x]` and the notes say why."""

    value: float = math.nan
    lower: float = math.nan
    upper: float = math.nan
    method: str = ""
    numerator: float = math.nan
    denominator: float = math.nan
    notes: tuple[str, ...] = ()
    #: Symbols of spec 0.3 beside the value, such as `[u]`.
    symbols: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        """Whether there is a value."""
        return not math.isnan(self.value)


@dataclass(frozen=True)
class Change:
    """What became of a figure since the one it is compared with, in the unit of both, and the word for it."""

    value: float = math.nan
    lower: float = math.nan
    upper: float = math.nan
    word: str = ""


@dataclass(frozen=True)
class Line:
    """One unbroken series: a part of the measure in one area, with all its figures. Only its own are compared."""

    part: str
    area_code: str
    area_name: str
    unit: str
    figures: Mapping[Period, Figure]
    compare: Callable[[Figure, Figure], Change]
    #: `dimension=value`, or empty text for the total.
    breakdown: str = ""
    #: First month after each break in the series: periods on two sides of one are never compared, and marked `[b]`.
    breaks: tuple[str, ...] = ()


def compare_rates(now: Figure, then: Figure) -> Change:
    """Difference of two rates by MOVER; the word is neutral and follows the rate ratio (spec 4.4)."""
    difference = mover_difference(now, then)
    ratio = rate_ratio(now.numerator, now.denominator, then.numerator, then.denominator)
    return Change(difference.value, difference.lower, difference.upper, rate_word(ratio))


def compare_gaps(polarity: Polarity) -> Callable[[Figure, Figure], Change]:
    """Change of a gap by MOVER on both gaps; the word follows its interval and the polarity (spec 4.3, 4.5)."""

    def compare(now: Figure, then: Figure) -> Change:
        difference = mover_difference(now, then)
        return Change(difference.value, difference.lower, difference.upper, direction_word(difference, polarity))

    return compare


def compare_points(now: Figure, then: Figure) -> Change:
    """Change in percentage points, without limits and so without a word."""
    return Change(points_change(now.value, then.value))


def compare_nothing(_now: Figure, _then: Figure) -> Change:
    """No change: the figures of two periods do not bear comparison, such as bounds of cohorts of different age."""
    return Change()


def compare_counts(setting: Setting) -> Callable[[Figure, Figure], Change]:
    """Change of a count of equal periods: difference by MOVER, word by the rate ratio (spec 4.4) as the mode allows."""

    def compare(now: Figure, then: Figure) -> Change:
        difference = mover_difference(now, then)
        ratio = rate_ratio(now.numerator, 1, then.numerator, 1)
        word = direction_word(Difference(0, ratio.lower - 1, ratio.upper - 1), setting.judged_by)
        return Change(difference.value, difference.lower, difference.upper, "" if setting.wordless else word)

    return compare


def compare_shares(setting: Setting) -> Callable[[Figure, Figure], Change]:
    """Change of a proportion in percentage points, limits by Newcombe (spec 4.2): MOVER on the two Wilson intervals."""
    return compare_estimates(setting)


def compare_estimates(setting: Setting) -> Callable[[Figure, Figure], Change]:
    """Change of any estimate with limits, such as a mean, by MOVER; no word where one of the two has no limits."""

    def compare(now: Figure, then: Figure) -> Change:
        difference = mover_difference(now, then)
        wordless = setting.wordless or math.isnan(difference.lower) or math.isnan(difference.upper)
        word = "" if wordless else direction_word(difference, setting.judged_by)
        return Change(difference.value, difference.lower, difference.upper, word)

    return compare


def tidy_table(
    measure: str,
    lines: Iterable[Line],
    as_at: str,
    baseline_fy: str | None,
    against: Literal["baseline", "previous"],
    opening_note: str = "",
) -> pd.DataFrame:
    """The tidy table of a measure: one row a figure, columns and order of rows as in the contract.

    Args:
        measure: measure id, such as `SP01`.
        lines: every series of the measure.
        as_at: last day of the newest complete month in the data.
        baseline_fy: financial year of the baseline, or None.
        against: what `change` is measured from: the same period of the baseline year (then rows of that year and of
            earlier ones have no change), or the same period one year before.
        opening_note: what the note of every row starts with.
    """
    rows = [
        {
            "measure": measure,
            "part": line.part,
            "breakdown": line.breakdown,
            "area_code": line.area_code,
            "area_name": line.area_name,
            "unit": line.unit,
            "as_at": as_at,
            **_row(line, period, figure, baseline_fy, against, opening_note),
        }
        for line in lines
        for period, figure in line.figures.items()
    ]
    table = pd.DataFrame(rows, columns=[column.name for column in COLUMNS])
    kinds = {column.name: "float64" if column.type == "float" else "str" for column in COLUMNS}
    return table.astype(kinds).sort_values(list(KEY), ignore_index=True)


def _row(
    line: Line,
    period: Period,
    figure: Figure,
    baseline_fy: str | None,
    against: Literal["baseline", "previous"],
    opening_note: str,
) -> dict[str, object]:
    previous_period = period.shifted(years=-1)
    baseline_period = period.in_financial_year(baseline_fy) if baseline_fy else None
    previous = line.figures.get(previous_period, Figure())
    baseline = line.figures.get(baseline_period, Figure()) if baseline_period else Figure()
    then_period, then = (baseline_period, baseline) if against == "baseline" else (previous_period, previous)
    first = then_period.first if then_period and then.known else period.first
    broken = [month for month in line.breaks if figure.known and first < month <= period.last]
    compared = figure.known and then.known and then_period is not None and then_period < period and not broken
    change = line.compare(figure, then) if compared else Change()
    notes = [opening_note, *figure.notes, YEAR_TO_DATE if period.kind == "ytd" else ""]
    if compared and then_period and period.holds_leap_day != then_period.holds_leap_day:
        notes.append(LEAP_DAY if period.holds_leap_day else LEAP_DAY_BEFORE)
    notes += [f"break in series {month}, never compared across it" for month in broken]
    symbols = [*figure.symbols, *([BREAK] if broken else [])]
    return {
        "period_kind": period.kind,
        "period_start": period.first_day,
        "period_end": period.last_day,
        "numerator": figure.numerator,
        "denominator": figure.denominator,
        "value": figure.value,
        "lower": figure.lower,
        "upper": figure.upper,
        "method": figure.method,
        "baseline_value": baseline.value,
        "previous_value": previous.value,
        "change": change.value,
        "change_lower": change.lower,
        "change_upper": change.upper,
        "comparison": change.word,
        "symbols": " ".join(symbols) if figure.known else NOT_AVAILABLE,
        "note": "; ".join(note for note in notes if note),
    }
