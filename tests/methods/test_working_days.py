"""Working days: worked answers of the calendar, and counting day by day as a second implementation."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from methods.working_days import add_working_days, working_day_from

NONE: frozenset[date] = frozenset()
#: GOV.UK: Good Friday and Easter Monday of 2015, Christmas of 2015 with the substitute day of Boxing Day.
HOLIDAYS = frozenset({date(2015, 4, 3), date(2015, 4, 6), date(2015, 12, 25), date(2015, 12, 28)})


@pytest.mark.parametrize(
    ("day", "count", "holidays", "expected"),
    [
        (date(2015, 6, 1), 5, NONE, date(2015, 6, 8)),  # Monday to Monday
        (date(2015, 6, 5), 1, NONE, date(2015, 6, 8)),  # Friday to Monday
        (date(2015, 6, 5), 5, NONE, date(2015, 6, 12)),  # Friday to Friday
        (date(2015, 6, 6), 5, NONE, date(2015, 6, 12)),  # Saturday: the days count from Monday
        (date(2015, 6, 7), 1, NONE, date(2015, 6, 8)),
        (date(2015, 4, 2), 1, HOLIDAYS, date(2015, 4, 7)),  # Maundy Thursday to the Tuesday after Easter
        (date(2015, 4, 3), 5, HOLIDAYS, date(2015, 4, 13)),  # received on Good Friday
        (date(2015, 12, 24), 5, HOLIDAYS, date(2016, 1, 4)),  # no holiday of 2016 is given here
        (date(2015, 12, 24), 5, HOLIDAYS | {date(2016, 1, 1)}, date(2016, 1, 5)),
    ],
)
def test_worked_answers(day: date, count: int, holidays: frozenset[date], expected: date) -> None:
    assert add_working_days(day, count, holidays) == expected


@given(
    st.dates(date(2011, 1, 1), date(2026, 12, 31)),
    st.integers(1, 30),
    st.frozensets(st.dates(date(2011, 1, 1), date(2027, 12, 31)), max_size=20),
)
def test_as_counted_day_by_day(day: date, count: int, holidays: frozenset[date]) -> None:
    reached, left = day, count
    while left:
        reached += timedelta(days=1)
        left -= reached.weekday() < 5 and reached not in holidays
    assert add_working_days(day, count, holidays) == reached


@pytest.mark.parametrize("count", [0, -1])
def test_counts_from_one(count: int) -> None:
    with pytest.raises(ValueError, match="from 1"):
        add_working_days(date(2015, 6, 1), count, NONE)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2015, 6, 5), date(2015, 6, 5)),  # a Friday
        (date(2015, 6, 6), date(2015, 6, 8)),
        (date(2015, 4, 3), date(2015, 4, 7)),  # Good Friday
        (date(2015, 12, 25), date(2015, 12, 29)),
    ],
)
def test_first_working_day_from_a_day_on(day: date, expected: date) -> None:
    assert working_day_from(day, HOLIDAYS) == expected
