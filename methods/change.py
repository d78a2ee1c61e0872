"""Change between two periods: difference, rate ratio, and the word for what it amounts to (spec 4.3 to 4.5).

Here: MOVER difference of two independent estimates, rate ratio with limits, comparison words. Not here: the estimates
themselves (`rates.py`, `gap.py`), which periods are compared (`periods.py`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, Protocol

from scipy.special import betaincinv

from methods.rates import z_value

Polarity = Literal["lower_better", "higher_better", "none"]


class Estimate(Protocol):
    """Anything with a value and limits in one unit: a rate, a gap."""

    @property
    def value(self) -> float:
        """The estimate."""

    @property
    def lower(self) -> float:
        """Its lower limit."""

    @property
    def upper(self) -> float:
        """Its upper limit."""


@dataclass(frozen=True)
class Difference:
    """`now` less `then` with limits, in the unit of both."""

    value: float
    lower: float
    upper: float


@dataclass(frozen=True)
class Ratio:
    """A rate ratio with limits; `value` is NaN when both counts are zero, infinite when only the second is."""

    value: float
    lower: float
    upper: float
    method: Literal["log", "exact"]


def mover_difference(now: Estimate, then: Estimate) -> Difference:
    """Difference of two independent estimates, limits by MOVER: from the limits of each, not from a variance."""
    value = now.value - then.value
    return Difference(
        value,
        value - math.hypot(now.value - now.lower, then.upper - then.value),
        value + math.hypot(now.upper - now.value, then.value - then.lower),
    )


def rate_ratio(
    now_count: float, now_population: float, then_count: float, then_population: float, confidence: float = 0.95
) -> Ratio:
    """Ratio of two independent rates with limits (spec 4.4).

    Limits by the normal approximation on the log scale; when either count is zero, exact: given the total of both
    counts the first is binomial, and the limits of its share (Clopper-Pearson) are turned into limits of the ratio.

    Raises:
        ValueError: a count is negative, a population not above zero, or one of them is not a finite number.
    """
    if not all(math.isfinite(count) and count >= 0 for count in (now_count, then_count)):
        raise ValueError("a count must be a finite number, zero or more")
    if not all(math.isfinite(population) and population > 0 for population in (now_population, then_population)):
        raise ValueError("a rate needs a population above zero")
    z = z_value(confidence)
    exposure = then_population / now_population
    if now_count > 0 and then_count > 0:
        ratio = now_count / then_count * exposure
        spread = math.exp(z * math.sqrt(1 / now_count + 1 / then_count))
        return Ratio(ratio, ratio / spread, ratio * spread, "log")
    tail = (1 - confidence) / 2
    lower, upper, value = 0.0, math.inf, math.nan
    if then_count > 0:
        share = float(betaincinv(1, then_count, 1 - tail))
        value, upper = 0.0, share / (1 - share) * exposure
    elif now_count > 0:
        share = float(betaincinv(now_count, 1, tail))
        value, lower = math.inf, share / (1 - share) * exposure
    return Ratio(value, lower, upper, "exact")


def rate_word(ratio: Ratio) -> str:
    """`higher`, `lower`, or `similar` when the interval of the ratio holds 1: neutral words, no judgement."""
    return _neutral_word(ratio.lower, ratio.upper, unchanged=1)


def direction_word(difference: Difference, polarity: Polarity) -> str:
    """`improved`, `worsened` or `no significant change` by polarity; neutral words where there is none (spec 4.5)."""
    word = _neutral_word(difference.lower, difference.upper, unchanged=0)
    if polarity == "none":
        return word
    if word == "similar":
        return "no significant change"
    return "improved" if (word == "lower") == (polarity == "lower_better") else "worsened"


def _neutral_word(lower: float, upper: float, unchanged: float) -> str:
    if lower > unchanged:
        return "higher"
    return "lower" if upper < unchanged else "similar"
