import calendar
from datetime import UTC, date, datetime

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from methods import periods as p
from methods.periods import Period
from tests.methods.references import golden

MONTHS = st.builds("{:04d}-{:02d}".format, st.integers(1990, 2110), st.integers(1, 12))


@given(MONTHS, st.integers(-400, 400))
def test_month_arithmetic_agrees_with_pandas(month, count):
    assert p.add_months(month, count) == str(pd.Period(month, "M") + count)


@given(MONTHS)
def test_quarter_year_and_days_agree_with_pandas(month):
    assert p.first_day(month) == f"{pd.Period(month, 'M').start_time:%Y-%m-%d}"
    assert p.last_day(month) == f"{pd.Period(month, 'M').end_time:%Y-%m-%d}"
    fiscal = pd.Period(month, "M").asfreq("Q-MAR")
    year = f"{fiscal.qyear - 1}-{fiscal.qyear % 100:02d}"
    assert p.financial_year(month) == year
    assert p.start_year(year) == fiscal.qyear - 1
    assert p.quarter(month) == f"{year}Q{fiscal.quarter}"


def test_how_the_specification_writes_them():
    assert p.financial_year("2015-04") == p.financial_year("2016-03") == "2015-16"
    assert p.financial_year("1999-12") == "1999-00"
    assert [p.quarter(month) for month in ("2015-06", "2015-07", "2015-10", "2016-01")] == [
        "2015-16Q1",
        "2015-16Q2",
        "2015-16Q3",
        "2015-16Q4",
    ]


def test_month_range_holds_both_ends():
    assert p.month_range("2016-11", "2017-02") == ["2016-11", "2016-12", "2017-01", "2017-02"]
    assert p.month_range("2016-11", "2016-11") == ["2016-11"]
    assert p.month_range("2016-11", "2016-10") == []


def test_periods_that_end_with_a_month():
    assert p.period_ending("month", "2017-03") == Period("month", "2017-03", "2017-03")
    assert p.period_ending("quarter", "2017-03") == Period("quarter", "2017-01", "2017-03")
    assert p.period_ending("ytd", "2017-03") == Period("ytd", "2016-04", "2017-03")
    assert p.period_ending("ytd", "2017-04") == Period("ytd", "2017-04", "2017-04")
    assert p.period_ending("fy", "2017-03") == Period("fy", "2016-04", "2017-03")
    assert p.period_ending("r12", "2017-02") == Period("r12", "2016-03", "2017-02")
    assert p.period_ending("quarter", "2017-02") is None
    assert p.period_ending("fy", "2017-02") is None


def test_periods_of_a_series():
    found = p.periods(p.month_range("2016-04", "2017-05"))
    number = {kind: sum(period.kind == kind for period in found) for kind in p.PERIOD_KINDS}
    assert number == {"month": 14, "quarter": 4, "ytd": 14, "fy": 1, "r12": 14}
    assert max(period.last for period in found) == "2017-05"
    assert len(set(found)) == len(found)


@given(MONTHS, st.sampled_from(p.PERIOD_KINDS), st.integers(1990, 2100))
def test_same_period_of_another_year(month, kind, year):
    period = p.period_ending(kind, month)
    if period is None:
        return
    wanted = f"{year}-{(year + 1) % 100:02d}"
    there = period.in_financial_year(wanted)
    assert there.financial_year == wanted
    assert there.last[5:] == period.last[5:]
    assert p.period_ending(kind, there.last) == there
    assert there.in_financial_year(period.financial_year) == period
    assert len(there.months) == len(period.months)
    assert there.months == p.month_range(there.first, there.last)


def test_days_and_leap_day():
    year = Period("fy", "2015-04", "2016-03")
    assert (year.first_day, year.last_day, year.holds_leap_day) == ("2015-04-01", "2016-03-31", True)
    assert Period("month", "2016-02", "2016-02").last_day == "2016-02-29"
    assert not Period("fy", "2014-04", "2015-03").holds_leap_day
    assert not Period("ytd", "2016-04", "2017-01").holds_leap_day
    assert not Period("month", "2100-02", "2100-02").holds_leap_day
    assert calendar.isleap(2000)
    assert Period("month", "2000-02", "2000-02").holds_leap_day


@pytest.mark.parametrize("month", ["2016-13", "2016-00", "2016-4", "16-04", "2016-04-01", "", "2016-04\n"])
def test_other_months_are_refused(month):
    for function in (p.last_day, p.first_day, p.financial_year, p.quarter):
        with pytest.raises(ValueError, match="written YYYY-MM"):
            function(month)


@pytest.mark.parametrize("year", ["2016", "2016-18", "2016/17", "2016-2017", "2016-17Q1", ""])
def test_other_financial_years_are_refused(year):
    with pytest.raises(ValueError, match="written like 2016-17"):
        p.start_year(year)


def test_london_date_of_the_specification():
    case = golden("PER-1")
    local = p.london_date(case["input"]["ts"])
    assert local.isoformat() == case["expect"]["local_date"]
    assert p.financial_year(f"{local:%Y-%m}") == case["expect"]["fy"]


def test_london_date_follows_the_clocks():
    assert p.london_date("2015-01-31T23:30:00Z") == date(2015, 1, 31)  # winter: London is UTC
    assert p.london_date("2015-03-29T00:59:59+00:00") == date(2015, 3, 29)
    assert p.london_date("2015-07-01T00:30:00+02:00") == date(2015, 6, 30)
    assert p.london_date(datetime(2015, 10, 24, 23, 0, tzinfo=UTC)) == date(2015, 10, 25)  # last hour of summer time
    assert p.london_date(datetime(2015, 10, 25, 23, 0, tzinfo=UTC)) == date(2015, 10, 25)


def test_a_moment_without_zone_or_sense_is_refused_without_repeating_it():
    with pytest.raises(ValueError, match="needs its time zone"):
        p.london_date("2015-03-31T23:30:00")
    with pytest.raises(ValueError, match="needs its time zone"):
        p.london_date(datetime(2015, 3, 31))
    with pytest.raises(ValueError, match="is written like") as caught:
        p.london_date("31/03/2015 secret")
    assert "secret" not in str(caught.value)
