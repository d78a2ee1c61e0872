"""Cohorts followed to their end: bounds while they mature, the penalty test, who belongs, survival (spec SP09).

Here: counting on whole numbers what share of a cohort was kept, and the length of sentence that makes it eligible. Not
here: which events fail a licence, money, which licences form a quarter's cohort.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Literal

from methods.rounding import percent_text

Verdict = Literal["met", "met (final)", "will miss", "missed (final)", "not yet determinable"]

#: Share of the cohort to be kept.
TARGET = Fraction(3, 4)


@dataclass(frozen=True)
class CohortBounds:
    """Least and greatest percentage of the cohort that can be kept in the end, and what that settles."""

    lower: float
    upper: float
    verdict: Verdict


@dataclass(frozen=True)
class SurvivalStep:
    """A day with failures: how many were still followed, how many failed, the share that gets past it without."""

    day: int
    at_risk: int
    failed: int
    survival: float


def bounds(n: int, failed: int, completed_kept: int, target: Fraction = TARGET) -> CohortBounds:
    """What a cohort not yet at its end already settles, decided on whole numbers (spec SP09).

    Args:
        n: licences in the cohort, exclusions taken out.
        failed: those with a failing event.
        completed_kept: those that ended without one. The rest are open.
        target: share to be kept; exactly the target meets it.

    Raises:
        ValueError: an empty cohort, a count below zero, or more failed and completed than n.
    """
    if failed < 0 or completed_kept < 0 or failed + completed_kept > n:
        raise ValueError("failed and completed must be zero or more, and together not more than the cohort")
    final = failed + completed_kept == n
    verdict: Verdict = "not yet determinable"
    if _meets(completed_kept, n, target):
        verdict = "met (final)" if final else "met"
    elif not _meets(n - failed, n, target):
        verdict = "missed (final)" if final else "will miss"
    return CohortBounds(100 * completed_kept / n, 100 * (n - failed) / n, verdict)


def penalty(kept: int, cohort: int, target: Fraction = TARGET) -> bool:
    """Whether a final cohort misses its target, on whole numbers: 4 x kept < 3 x cohort for 75% (spec SP09).

    Raises:
        ValueError: an empty cohort, or kept not between zero and the cohort.
    """
    return not _meets(kept, cohort, target)


def display_enough(kept: int, cohort: int, target: Fraction = TARGET) -> str:
    """Percentage kept as text, with one decimal place or as many as it takes not to contradict the verdict.

    74.958% misses 75% and prints as `74.96`, since `75.0` would say that it met (spec SP09). The printed number stands
    on the same side of the target as the exact one, both of the target itself and of the target printed as exactly.

    Raises:
        ValueError: an empty cohort, or kept not between zero and the cohort.
    """
    met = _meets(kept, cohort, target)
    on_target = Fraction(kept, cohort) == target
    places = 1
    while True:
        text = percent_text(kept, cohort, places)
        shown = Fraction(text)
        beside = Fraction(percent_text(target.numerator, target.denominator, places))
        # A target such as a third is never printed exactly: a figure on it prints as the target does.
        if on_target or ((shown >= 100 * target) == met and (shown >= beside) == met):
            return text
        places += 1


def twelve_months_days(sentence_date: date) -> int:
    """Days in the 12 months from a sentence, its first day counted: 366 if they hold a 29 February, else 365.

    12 months from 29 February end with 28 February, the day before 1 March.
    """
    leap_day = (sentence_date.month, sentence_date.day) == (2, 29)
    year = sentence_date.year + 1
    return ((date(year, 3, 1) if leap_day else sentence_date.replace(year=year)) - sentence_date).days


def eligible_length(sentence_date: date, sentence_days: int) -> bool:
    """Whether a sentence is of more than 1 day and less than 12 months (spec SP09)."""
    return 1 < sentence_days < twelve_months_days(sentence_date)


def kaplan_meier(data: Iterable[tuple[int, bool | int]]) -> tuple[SurvivalStep, ...]:
    """Kaplan-Meier estimate of the share without a failing event, one step for each day with failures (spec SP09).

    Args:
        data: for each licence the day it failed, ended or was last seen, counted from its start, and whether it failed.
            Who ended on a day was still followed when others failed on it.

    Raises:
        ValueError: a day below zero.
    """
    days = [(day, bool(failed)) for day, failed in data]
    if any(day < 0 for day, _ in days):
        raise ValueError("days are counted from the start: zero or more")
    steps: list[SurvivalStep] = []
    survival = Fraction(1)
    for day in sorted({day for day, failed in days if failed}):
        at_risk = sum(each >= day for each, _ in days)
        failures = days.count((day, True))
        survival *= Fraction(at_risk - failures, at_risk)
        steps.append(SurvivalStep(day, at_risk, failures, float(survival)))
    return tuple(steps)


def _meets(part: int, whole: int, target: Fraction) -> bool:
    """Whether part of whole is the target or more, without rounding."""
    if not (whole > 0 and 0 <= part <= whole):
        raise ValueError("a cohort must have a licence, and keep from none to all of them")
    return part * target.denominator >= target.numerator * whole
