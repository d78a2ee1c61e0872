"""Draws whose shares hold by construction: in a hundred rows as in fifty thousand, never by luck.

Here: even draws, labels by share, numbers by month, steps in days. Not here: what is drawn (one module a partner).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

_BLOCK = 20


def even(rng: np.random.Generator, count: int, block: int = _BLOCK) -> Floats:
    """Numbers from 0 to under 1 in random order, of which every block of rows holds one in each equal part."""
    start = np.arange(count) // block * block
    size = np.minimum(block, count - start)
    order = np.lexsort((rng.random(count), start))
    rank = np.empty(count)
    rank[order] = np.arange(count) - start
    return (rank + rng.random(count)) / size


def choose(rng: np.random.Generator, count: int, shares: Mapping[str, float]) -> list[str]:
    """A label for each row, by share; shares need not sum to 1."""
    cumulative = np.cumsum(list(shares.values()))
    found = np.searchsorted(cumulative[:-1] / cumulative[-1], even(rng, count), side="right")
    return np.array(list(shares), dtype=object)[found].tolist()


def happens(rng: np.random.Generator, count: int, share: float) -> Bools:
    """Whether it happens in each row, by share."""
    return even(rng, count) < share


def every(count: int, share: float, first: float = 0.5) -> Bools:
    """True at equal distances, so that no stretch of rows holds more than the share of it and one.

    `first` says how soon: with 1 less the share the first row is true, with 0 the first comes after a whole distance.
    """
    steps = np.floor(np.arange(count + 1) * share + first)
    return steps[1:] > steps[:-1]


def spread(expected: Iterable[float]) -> list[int]:
    """Whole numbers near those expected, whose running sum is never off by more than a half."""
    counts, total, given = [], 0.0, 0
    for number in expected:
        total += number
        counts.append(math.floor(total + 0.5) - given)
        given += counts[-1]
    return counts


def season(number: int, height: float) -> float:
    """Factor of a month that peaks in July by that height."""
    return 1 + height * math.cos(2 * math.pi * (number % 12 - 6) / 12)


def later(day: date, days: int | np.integer[Any]) -> date:
    """So many days later."""
    return day + timedelta(days=int(days))


def working_days_later(day: date, days: int) -> date:
    """So many working days later, weekends left out; bank holidays count as working days."""
    while days:
        day += timedelta(days=1)
        days -= day.weekday() < 5
    return day


def text_until(day: date | None, end: date) -> str:
    """A date as text; empty when there is none, or when it is not yet known at the end of the data."""
    return day.isoformat() if day is not None and day <= end else ""
