"""Proportions as percentages with Wilson limits, and the change between two of them (spec 4.2).

Here: a percentage with limits, and Newcombe's difference of two independent ones. Not here: which answers count, when a
percentage may be printed (disclosure), worst and best case (`paired.py`, `cohort.py`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from methods.change import Difference, Estimate, mover_difference
from methods.rates import z_value


@dataclass(frozen=True)
class Proportion:
    """A proportion and its limits, all in percent (0 to 100)."""

    value: float
    lower: float
    upper: float
    method: Literal["wilson"] = "wilson"


def proportion(x: float, n: float, confidence: float = 0.95) -> Proportion:
    """`x` of `n` in percent, limits by the Wilson score (spec 4.2).

    Args:
        x: how many of the n have the property; need not be whole.
        n: how many there are.
        confidence: two-sided, such as 0.95 or 0.998.

    Raises:
        ValueError: n is not above zero (the figure is then not available), x does not lie between 0 and n, one of them
            is not a finite number, or the confidence is not between 0 and 1.
    """
    if not (math.isfinite(n) and n > 0):
        raise ValueError("a percentage needs a denominator above zero: without one it is not available")
    if not 0 <= x <= n:
        raise ValueError("the numerator must lie between zero and the denominator")
    square = z_value(confidence) ** 2
    value = 100 * x / n
    middle = 2 * x + square
    side = math.sqrt(square * (square + 4 * x * (1 - x / n)))
    unit = 100 / (2 * (n + square))
    # At 0 and n one limit is the value itself; rounding of the last digit must not put it beside.
    lower = 0.0 if x == 0 else min(value, (middle - side) * unit)
    upper = 100.0 if x == n else max(value, (middle + side) * unit)
    return Proportion(value, lower, upper)


def newcombe_difference(now: Estimate, then: Estimate) -> Difference:
    """`now` less `then` in percentage points, limits by Newcombe's hybrid of two Wilson intervals (spec 4.2).

    It is MOVER on the Wilson limits; both must be made with the same confidence, and be independent of each other.
    """
    return mover_difference(now, then)
