"""Working days: neither weekend nor bank holiday (spec SP04e: a DASH score within 5 working days).

Here: the day so many working days after another, and the first working day from a day on. Not here: which days are holidays (the register's `calendar.csv`).
"""

from __future__ import annotations

from datetime import date
from functools import cache

import numpy as np


def add_working_days(day: date, count: int, holidays: frozenset[date]) -> date:
    """The last of so many working days after a day; the day itself is never counted, be it a working day or not.

    So five working days after Friday 23:00, or after the Saturday or Sunday that follows, end on the next Friday.

    Args:
        day: from which it is counted.
        count: working days, 1 or more.
        holidays: days that are no working days although no weekend.

    Raises:
        ValueError: the count is below 1.
    """
    if count < 1:
        raise ValueError("working days are counted from 1")
    # Counted from the working day before, when the day itself is none.
    found = np.busday_offset(np.datetime64(day, "D"), count, roll="preceding", busdaycal=_calendar(holidays))
    return date.fromisoformat(str(found))


def working_day_from(day: date, holidays: frozenset[date]) -> date:
    """The day itself if it is a working day, else the next one that is."""
    found = np.busday_offset(np.datetime64(day, "D"), 0, roll="following", busdaycal=_calendar(holidays))
    return date.fromisoformat(str(found))


@cache
def _calendar(holidays: frozenset[date]) -> np.busdaycalendar:
    return np.busdaycalendar(holidays=sorted(holidays))
