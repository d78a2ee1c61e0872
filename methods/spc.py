"""XmR charts: process limits, what each point signals, and assurance against a target (spec 4.7).

Here: mean, limits and flags of one series of values in time order. Not here: which series may be charted (never rolling
12 months or a cumulative year to date), drawing, and the decision to re-base.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby, pairwise
from numbers import Integral
from typing import Literal

#: A moving range from this many times the mean of all is left out when screening.
SCREEN = Fraction("3.267")

Flag = Literal["", ".", "UCL", "LCL", "trend+", "trend-", "2of3+", "2of3-", "shift+", "shift-"]
Status = Literal["none", "trial", "limits"]
Assurance = Literal["consistently met", "consistently missed", "hit and miss"]


@dataclass(frozen=True)
class Settings:
    """How a chart is made; kept with every chart.

    Attributes:
        trend: points in a row, each above (or each below) the one before, that make a trend.
        shift: points in a row on one side of the mean that make a shift.
        two_of_three: whether two of three points beyond a near limit are a signal.
        screen_outliers: whether moving ranges from 3.267 times their mean are left out of the limits.
        fix_after_n: limits come from the first so many places of the series, gaps among them; None for all.
        minimum_points: with fewer points behind the limits there is no chart.
        trial_until: up to so many points behind the limits they are trial limits.
        limit: limits lie this many mean moving ranges from the mean.
        near: near limits lie at this share of the way from the mean to the limits.
    """

    trend: int = 7
    shift: int = 7
    two_of_three: bool = True
    screen_outliers: bool = False
    fix_after_n: int | None = None
    minimum_points: int = 10
    trial_until: int = 12
    limit: float | Fraction = 2.66
    near: float | Fraction = Fraction(2, 3)

    def __post_init__(self) -> None:
        if self.trend < 3 or self.shift < 2:
            raise ValueError("a trend needs 3 points or more, a shift 2 or more")
        if self.minimum_points < 2 or (self.fix_after_n is not None and self.fix_after_n < 2):
            raise ValueError("limits need 2 points or more: raise minimum_points or fix_after_n")
        if not (self.limit > 0 and 0 < self.near < 1):
            raise ValueError("limit must be above zero, near between 0 and 1")


@dataclass(frozen=True)
class Xmr:
    """Mean, mean moving range, limits and near limits in the unit of the values, and one flag for each value.

    A flag is `.` for nothing special and empty where there is no value. With status `none` the numbers are NaN and
    nothing is flagged: no chart may be shown.
    """

    mean: float
    amr: float
    lpl: float
    upl: float
    near_lpl: float
    near_upl: float
    flags: tuple[Flag, ...]
    settings: Settings
    status: Status


_DEFAULT = Settings()


def xmr(values: Sequence[float | None], settings: Settings = _DEFAULT) -> Xmr:
    """Limits and flags of a series in time order (spec 4.7).

    A place with None or NaN is a gap: no moving range is formed across it, and it breaks every run. Everything is
    compared exactly, on the decimal that each number prints as, so a point on the mean is on the mean.

    Returns:
        The chart; its status depends on the number of points behind the limits, `none` also when no two of them are
        next to each other. Flags in order of precedence: `UCL` or `LCL` outside the limits; `trend+` or `trend-`;
        `2of3+` or `2of3-` for the points between near limit and limit; `shift+` or `shift-`. A trend is marked by its
        direction, the others by their side of the mean; a point in two trends belongs to the later.

    Raises:
        ValueError: a value is infinite.
    """
    points = [_exact(value) for value in values]
    behind = points[: settings.fix_after_n]
    present = [point for point in behind if point is not None]
    ranges = [abs(b - a) for a, b in pairwise(behind) if a is not None and b is not None]
    if len(present) < settings.minimum_points or not ranges:
        flags: tuple[Flag, ...] = tuple("" if point is None else "." for point in points)
        return Xmr(math.nan, math.nan, math.nan, math.nan, math.nan, math.nan, flags, settings, "none")
    mean = _mean(present)
    amr = _mean(ranges)
    # Without any movement there is nothing to screen, and screening would leave no range at all.
    if settings.screen_outliers and amr > 0:
        amr = _mean([each for each in ranges if each < SCREEN * amr])
    reach = _number(settings.limit) * amr
    near = _number(settings.near) * reach
    return Xmr(
        mean=float(mean),
        amr=float(amr),
        lpl=float(mean - reach),
        upl=float(mean + reach),
        near_lpl=float(mean - near),
        near_upl=float(mean + near),
        flags=_flags([None if point is None else point - mean for point in points], near, reach, settings),
        settings=settings,
        status="trial" if len(present) <= settings.trial_until else "limits",
    )


def assurance(lpl: float, upl: float, target: float, higher_is_better: bool) -> Assurance:
    """Whether a process as it is will meet a target: both limits on its good side, both on the bad, or neither.

    A limit that equals the target lies on neither side.

    Raises:
        ValueError: a figure is not a finite number (as when there is no chart), or the limits are the wrong way round.
    """
    if not all(map(math.isfinite, (lpl, upl, target))) or lpl > upl:
        raise ValueError("assurance needs a lower and an upper limit and a target")
    if lpl > target or upl < target:
        return "consistently met" if (lpl > target) == higher_is_better else "consistently missed"
    return "hit and miss"


def _flags(offsets: list[Fraction | None], near: Fraction, reach: Fraction, settings: Settings) -> tuple[Flag, ...]:
    """Flag of each point by its distance from the mean; rules from the weakest on, so that a stronger one overwrites."""
    flags: list[Flag] = ["" if offset is None else "." for offset in offsets]
    sides = [0 if offset is None else _sign(offset) for offset in offsets]
    for start, stop, side in _runs(sides):
        if stop - start >= settings.shift:
            flags[start:stop] = ["shift+" if side > 0 else "shift-"] * (stop - start)
    if settings.two_of_three:
        between = [offset is not None and near < abs(offset) <= reach for offset in offsets]
        for start in range(len(offsets) - 2):
            window = range(start, start + 3)
            if abs(sum(sides[at] for at in window)) == 3 and sum(between[at] for at in window) >= 2:
                for at in filter(between.__getitem__, window):
                    flags[at] = "2of3+" if sides[at] > 0 else "2of3-"
    steps = [0 if a is None or b is None else _sign(b - a) for a, b in pairwise(offsets)]
    for start, stop, step in _runs(steps):
        # So many steps join one point more.
        if stop - start + 1 >= settings.trend:
            flags[start : stop + 1] = ["trend+" if step > 0 else "trend-"] * (stop - start + 1)
    for at, offset in enumerate(offsets):
        if offset is not None and abs(offset) > reach:
            flags[at] = "UCL" if offset > 0 else "LCL"
    return tuple(flags)


def _runs(signs: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """Start, stop (not included) and sign of each longest stretch of one sign other than zero."""
    start = 0
    for sign, stretch in groupby(signs):
        stop = start + len(list(stretch))
        if sign:
            yield start, stop, sign
        start = stop


def _exact(value: float | None) -> Fraction | None:
    """The value as a fraction, None for a gap."""
    return None if value is None or value != value else _number(value)


def _number(value: float | Fraction) -> Fraction:
    """A whole number or fraction as it is, a float as the decimal it prints as."""
    if isinstance(value, Fraction):
        return value
    if isinstance(value, Integral):
        return Fraction(int(value))
    if not math.isfinite(value):
        raise ValueError("a value in a series must be a finite number, or missing")
    return Fraction(repr(float(value)))


def _mean(numbers: Sequence[Fraction]) -> Fraction:
    return sum(numbers, Fraction(0)) / len(numbers)


def _sign(number: Fraction) -> int:
    return (number > 0) - (number < 0)
