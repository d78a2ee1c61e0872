import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from methods.change import Difference, Ratio, direction_word, mover_difference, rate_ratio, rate_word
from methods.rates import Rate, rate

COUNTS = st.integers(1, 10**5)
PEOPLE = st.integers(1, 10**6)


def test_mover_difference_is_made_from_the_facing_limits():
    # Worked by hand: 5 less 2, sides 3 and 4, then 5 and 12.
    result = mover_difference(Rate(5, 2, 10, "byar"), Rate(2, -10, 6, "byar"))
    assert (result.value, result.lower, result.upper) == (3, 3 - 5, 3 + 13)


@given(COUNTS, PEOPLE, COUNTS, PEOPLE)
def test_difference_turned_round_is_its_mirror(a, people_a, b, people_b):
    there, back = (
        mover_difference(rate(*x), rate(*y))
        for x, y in [((a, people_a), (b, people_b)), ((b, people_b), (a, people_a))]
    )
    assert (there.lower, there.value, there.upper) == pytest.approx((-back.upper, -back.value, -back.lower))


@given(COUNTS, PEOPLE, COUNTS, PEOPLE)
def test_ratio_limits_are_those_of_the_normal_quantile_on_the_log_scale(a, people_a, b, people_b):
    result = rate_ratio(a, people_a, b, people_b)
    assert result.method == "log"
    lower, upper = stats.norm.interval(0.95, math.log((a / people_a) / (b / people_b)), math.sqrt(1 / a + 1 / b))
    assert (math.log(result.lower), math.log(result.upper)) == pytest.approx((lower, upper), abs=1e-9)


def odds(share):
    return share / (1 - share) if share < 1 else math.inf


@pytest.mark.parametrize("confidence", [0.95, 0.998])
@pytest.mark.parametrize(("now", "then"), [(0, 1), (0, 7), (0, 400), (1, 0), (3, 0), (250, 0)])
def test_a_zero_takes_the_exact_binomial(now, then, confidence):
    result = rate_ratio(now, 2000, then, 3000, confidence)
    share = stats.binomtest(now, now + then).proportion_ci(confidence, method="exact")
    assert result.lower == pytest.approx(odds(share.low) * 1.5, rel=1e-9)
    assert result.upper == pytest.approx(odds(share.high) * 1.5, rel=1e-9)
    assert result.value == (0 if now == 0 else math.inf)
    assert result.method == "exact"


def test_exact_limit_is_where_the_binomial_leaves_the_tail():
    # Nothing now against 7 then: at the upper limit the chance of no event in 7 is 2.5%.
    upper = rate_ratio(0, 1, 7, 1).upper
    assert (1 - upper / (1 + upper)) ** 7 == pytest.approx(0.025)


def test_two_zeros_say_nothing():
    result = rate_ratio(0, 10, 0, 20)
    assert math.isnan(result.value)
    assert (result.lower, result.upper) == (0, math.inf)
    assert rate_word(result) == "similar"


@pytest.mark.parametrize(
    ("now", "then", "word"),
    [
        (120, 100, "similar"),
        (150, 100, "higher"),
        (70, 100, "lower"),
        # The sign test: all of 5 one way has p = 0.0625, all of 6 has p = 0.03125.
        (0, 5, "similar"),
        (0, 6, "lower"),
        (5, 0, "similar"),
        (6, 0, "higher"),
    ],
)
def test_word_of_a_ratio(now, then, word):
    assert rate_word(rate_ratio(now, 1000, then, 1000)) == word


@pytest.mark.parametrize(
    ("lower", "upper", "polarity", "word"),
    [
        (-2, -1, "lower_better", "improved"),
        (-2, -1, "higher_better", "worsened"),
        (-2, -1, "none", "lower"),
        (1, 2, "lower_better", "worsened"),
        (1, 2, "higher_better", "improved"),
        (1, 2, "none", "higher"),
        (-1, 2, "lower_better", "no significant change"),
        (0, 2, "lower_better", "no significant change"),
        (-1, 0, "higher_better", "no significant change"),
        (-1, 2, "none", "similar"),
    ],
)
def test_word_of_a_direction(lower, upper, polarity, word):
    assert direction_word(Difference((lower + upper) / 2, lower, upper), polarity) == word


def test_ratio_that_touches_one_is_similar():
    assert rate_word(Ratio(1.5, 1, 2, "log")) == "similar"
    assert rate_word(Ratio(0.5, 0.2, 1, "log")) == "similar"


@pytest.mark.parametrize(
    ("figures", "why"),
    [
        ((-1, 10, 1, 10), "zero or more"),
        ((1, 10, math.nan, 10), "zero or more"),
        ((1, 0, 1, 10), "above zero"),
        ((1, 10, 1, -3), "above zero"),
        ((1, 10, 1, math.inf), "above zero"),
    ],
)
def test_impossible_figures_are_refused(figures, why):
    with pytest.raises(ValueError, match=why):
        rate_ratio(*figures)
