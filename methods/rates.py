"""Counts and crude rates with their limits (spec 4.1).

Here: exact and Byar limits of a count, and a rate with limits. Not here: comparing two rates (`change.py`), the gap
between two areas (`gap.py`), proportions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from scipy.special import chdtri, ndtri

#: Exact limits below this count, Byar's approximation from it.
BYAR_FROM = 10

LimitMethod = Literal["exact", "byar"]


@dataclass(frozen=True)
class Rate:
    """A crude rate and its limits, all in the same unit (events per `per` residents)."""

    value: float
    lower: float
    upper: float
    method: LimitMethod


def z_value(confidence: float = 0.95) -> float:
    """Two-sided normal quantile, 1.959963984540054 for 0.95; ValueError unless 0 < confidence < 1."""
    return float(ndtri(1 - _tail(confidence)))


def exact_limits(observed: float, confidence: float = 0.95) -> tuple[float, float]:
    """Exact Poisson limits of a count by chi-square; the lower limit of a zero is zero."""
    _require_count(observed)
    tail = _tail(confidence)
    # chdtri(df, p) is the chi-square quantile with probability p above it.
    lower = float(chdtri(2 * observed, 1 - tail)) / 2 if observed > 0 else 0.0
    return lower, float(chdtri(2 * observed + 2, tail)) / 2


def byar_limits(observed: float, confidence: float = 0.95) -> tuple[float, float]:
    """Byar's approximation to the Poisson limits of a count; never below zero."""
    _require_count(observed)
    z = z_value(confidence)
    above = observed + 1
    upper = above * (1 - 1 / (9 * above) + z / (3 * math.sqrt(above))) ** 3
    if observed == 0:
        return 0.0, upper
    return max(0.0, observed * (1 - 1 / (9 * observed) - z / (3 * math.sqrt(observed))) ** 3), upper


def count_limits(observed: float, confidence: float = 0.95) -> tuple[float, float, LimitMethod]:
    """Limits of a count: exact below 10, Byar from 10 (spec 4.1).

    Args:
        observed: events counted; need not be whole, since the weights of a split LSOA make fractions.
        confidence: two-sided, such as 0.95 or 0.998.

    Returns:
        Lower limit, upper limit (both in events) and the method.

    Raises:
        ValueError: the count is negative or not a finite number, or the confidence is not between 0 and 1.
    """
    if observed < BYAR_FROM:
        return (*exact_limits(observed, confidence), "exact")
    return (*byar_limits(observed, confidence), "byar")


def rate(observed: float, population: float, per: float = 1000.0, confidence: float = 0.95) -> Rate:
    """Events per `per` residents with the limits of the count divided by the same residents (spec 4.1).

    Raises:
        ValueError: the count is negative, the population is not above zero, or either is not a finite number.
    """
    if not (math.isfinite(population) and population > 0):
        raise ValueError("a rate needs a population above zero")
    lower, upper, method = count_limits(observed, confidence)
    return Rate(per * observed / population, per * lower / population, per * upper / population, method)


def _tail(confidence: float) -> float:
    """Probability left out on each side."""
    if not 0 < confidence < 1:
        raise ValueError("confidence must lie between 0 and 1, such as 0.95")
    return (1 - confidence) / 2


def _require_count(observed: float) -> None:
    if not (math.isfinite(observed) and observed >= 0):
        raise ValueError("a count must be a finite number, zero or more")
