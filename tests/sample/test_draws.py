"""Draws that hold their shares by construction, and London's clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sample.draws import choose, even, every, spread, working_days_later
from sample.police import _london, _utc
from sample.world import financial_year, first_day, last_day, month_number, quarter_text

SHARES = st.floats(0, 1)


def rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


@given(st.integers(0, 2**32), st.integers(0, 200), st.integers(1, 50))
def test_even_draws_fill_every_part_of_every_block_once(seed: int, count: int, block: int) -> None:
    drawn = even(rng(seed), count, block)
    assert ((drawn >= 0) & (drawn < 1)).all()
    for start in range(0, count, block):
        part = drawn[start : start + block]
        assert sorted((part * len(part)).astype(int)) == list(range(len(part)))


@given(st.integers(0, 2**32), st.integers(1, 300), st.lists(st.floats(0.01, 1), min_size=1, max_size=5))
def test_labels_come_by_share_in_every_twenty_rows(seed: int, count: int, weights: list[float]) -> None:
    shares = {str(n): weight for n, weight in enumerate(weights)}
    drawn = pd.Series(choose(rng(seed), count, shares))
    for start in range(0, count, 20):
        block = drawn[start : start + 20]
        for label, weight in shares.items():
            assert abs((block == label).sum() - len(block) * weight / sum(weights)) < 2


@given(st.integers(1, 500), SHARES, SHARES, st.integers(0, 500), st.integers(1, 500))
def test_equal_distances_hold_the_share_in_every_stretch(
    count: int, share: float, first: float, start: int, length: int
) -> None:
    stretch = every(count, share, first)[start : start + length]
    assert stretch.sum() <= len(stretch) * share + 1 + 1e-6
    assert stretch.sum() >= len(stretch) * share - 1 - 1e-6


@given(st.integers(1, 200), st.floats(0.001, 1))
def test_the_first_row_is_hit_when_asked_for(count: int, share: float) -> None:
    assert every(count, share, 1 - share)[0]


@given(st.lists(st.floats(0, 1000), max_size=60))
def test_spread_numbers_never_drift(expected: list[float]) -> None:
    given_out = spread(expected)
    assert all(number >= 0 for number in given_out)
    for n in range(len(expected)):
        assert abs(sum(given_out[: n + 1]) - sum(expected[: n + 1])) <= 0.5 + 1e-6


@given(st.dates(date(2011, 1, 1), date(2020, 1, 1)), st.integers(0, 30))
def test_working_days_are_those_of_numpy(day: date, days: int) -> None:
    expected = day if days == 0 else np.busday_offset(day, days, roll="backward").astype(date)
    assert working_days_later(day, days) == expected


@given(st.datetimes(datetime(2011, 1, 1), datetime(2030, 1, 1)).map(lambda t: t.replace(second=0, microsecond=0)))
def test_the_clock_is_london_s(moment: datetime) -> None:
    zone = ZoneInfo("Europe/London")
    utc = moment.replace(tzinfo=UTC)
    local = utc.astimezone(zone).replace(tzinfo=None)
    assert _london(np.array([moment], dtype="M8[m]"))[0] == np.datetime64(local, "m")
    # The hour that comes twice is taken the first time.
    first = local.replace(tzinfo=zone, fold=0).astimezone(UTC).replace(tzinfo=None)
    assert _utc(np.array([local], dtype="M8[m]"))[0] == np.datetime64(first, "m")


@pytest.mark.parametrize(
    ("month", "quarter", "year"),
    [
        ("2015-03", "2014-15Q4", 2014),
        ("2015-04", "2015-16Q1", 2015),
        ("2015-12", "2015-16Q3", 2015),
        ("2099-05", "2099-00Q1", 2099),
    ],
)
def test_months_have_their_quarter_and_days(month: str, quarter: str, year: int) -> None:
    number = month_number(month)
    assert quarter_text(number) == quarter
    assert financial_year(number) == year
    assert first_day(number) == date.fromisoformat(f"{month}-01")
    assert (last_day(number) + timedelta(days=1)).day == 1
    assert last_day(number).month == first_day(number).month
