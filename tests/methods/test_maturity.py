from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from methods.maturity import final_from, is_provisional
from methods.periods import add_months, last_day

MONTHS = st.tuples(st.integers(2010, 2030), st.integers(1, 12)).map(lambda ym: f"{ym[0]}-{ym[1]:02d}")


@pytest.mark.parametrize(
    ("end", "months", "days", "first"),
    [
        ("2016-03-31", 2, None, date(2016, 6, 1)),
        ("2016-03-31", 0, None, date(2016, 4, 1)),
        ("2015-11-30", 3, None, date(2016, 3, 1)),
        ("2016-03-31", None, 28, date(2016, 4, 29)),
        ("2016-03-31", None, 0, date(2016, 4, 1)),
        ("2015-12-31", None, 60, date(2016, 3, 1)),
        ("2016-03-31", 2, 28, date(2016, 6, 1)),
        ("2016-03-31", 2, 90, date(2016, 6, 30)),
        ("2016-03-31", None, None, None),
    ],
)
def test_first_final_day(end, months, days, first):
    assert final_from(end, months, days) == first
    if first:
        assert is_provisional(end, first - timedelta(days=1), months, days)
    assert not is_provisional(end, first or date(1900, 1, 1), months, days)


@given(MONTHS, st.integers(0, 24), st.dates(date(2010, 1, 1), date(2035, 1, 1)))
def test_months_are_compared_as_months(month, months, as_of):
    provisional = is_provisional(last_day(month), as_of, months)
    assert provisional == (add_months(month, months + 1) > f"{as_of:%Y-%m}")


@given(MONTHS, st.integers(0, 900), st.dates(date(2010, 1, 1), date(2035, 1, 1)))
def test_days_are_counted_from_the_last_day(month, days, as_of):
    end = last_day(month)
    assert is_provisional(end, as_of, days=days) == ((as_of - date.fromisoformat(end)).days <= days)


@pytest.mark.parametrize(
    ("end", "months", "days"), [("2016-3", 1, None), ("2016-03-31", -1, None), ("2016-03-31", None, -1)]
)
def test_impossible_maturity_is_refused(end, months, days):
    with pytest.raises(ValueError):
        final_from(end, months, days)
