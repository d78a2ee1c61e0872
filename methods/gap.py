"""The gap between a part of an area and the whole that holds it (spec SP01 and 4.3).

Here: absolute and relative gap with the interval that fits a nested comparator, and change between two gaps. Not here:
which crimes and residents count (`assets/outcomes/sp01_close_the_gap.py`), comparison words (`change.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from methods.change import Difference, Estimate, mover_difference
from methods.rates import rate


@dataclass(frozen=True)
class Gap:
    """Rate of the part less rate of the whole, with limits (events per `per` residents)."""

    value: float
    lower: float
    upper: float
    method: Literal["mover"] = "mover"


def nested_gap(
    part_count: float,
    part_population: float,
    whole_count: float,
    whole_population: float,
    per: float = 1000.0,
    confidence: float = 0.95,
) -> Gap:
    """Gap between a part and the whole it lies in, limits by MOVER on part and rest (spec 4.3).

    Part and whole share people, so they are not independent; part and rest are. The gap is the rest's share of the
    residents times (rate of the part less rate of the rest), which gives the interval.

    Raises:
        ValueError: the part has more events than the whole, or not fewer residents, or a figure is negative.
    """
    rest_population = whole_population - part_population
    if not rest_population > 0:
        raise ValueError("the part must have fewer residents than the whole: check the populations of both")
    rest_count = whole_count - part_count
    # Weighted counts carry rounding of the last digit, which must not make the rest negative.
    if rest_count < -1e-9 * max(whole_count, 1):
        raise ValueError("the part has more events than the whole: check the lookup of areas")
    share = rest_population / whole_population
    difference = mover_difference(
        rate(part_count, part_population, per, confidence),
        rate(max(rest_count, 0.0), rest_population, per, confidence),
    )
    return Gap(share * difference.value, share * difference.lower, share * difference.upper)


def relative_gap(gap: float, whole_rate: float) -> float:
    """The gap as a percentage of the rate of the whole; ValueError when that rate is not above zero."""
    if not whole_rate > 0:
        raise ValueError("a relative gap needs a rate of the whole above zero")
    return 100 * gap / whole_rate


def gap_change(now: Estimate, then: Estimate) -> Difference:
    """Change of the gap between two periods, MOVER on the two gaps; below zero when the gap has narrowed."""
    return mover_difference(now, then)


def percent_change(now: float, then: float) -> float:
    """Change as a percentage of the earlier figure; ValueError when that is zero."""
    if then == 0:
        raise ValueError("a percentage change needs an earlier figure other than zero")
    return 100 * (now - then) / abs(then)


def points_change(now: float, then: float) -> float:
    """Change between two percentages, in percentage points."""
    return now - then
