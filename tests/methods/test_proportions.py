import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from methods.proportions import newcombe_difference, proportion
from tests.methods.references import golden, phe

PAIRS = st.integers(1, 10**6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(
    ("case_id", "x", "n", "value", "lower", "upper"),
    [
        ("SP05-a", "engaged", "appropriate", "conversion_pct", "wilson_lo", "wilson_hi"),
        ("SP07-a", "satisfied", "valid", "pct", "wilson_lo", "wilson_hi"),
        ("ST-w2", "x", "n", None, "lo", "hi"),
        ("ST-w3", "x", "n", None, "lo", "hi"),
    ],
)
def test_proportions_of_the_specification(case_id, x, n, value, lower, upper):
    case = golden(case_id)
    result = proportion(case["input"][x], case["input"][n])
    assert result.lower == pytest.approx(case["expect"][lower], abs=1e-6)
    assert result.upper == pytest.approx(case["expect"][upper], abs=1e-6)
    if value:
        assert result.value == pytest.approx(case["expect"][value], abs=1e-6)


def test_hate_satisfaction_of_the_specification():
    expect = golden("SP11-a")["expect"]
    result = proportion(expect["satisfied"], expect["valid"])
    assert result.value == expect["pct"]
    assert result.lower == pytest.approx(expect["wilson_lo"], abs=1e-6)
    assert result.upper == pytest.approx(expect["wilson_hi"], abs=1e-6)


def test_edges_are_exactly_none_and_all():
    assert proportion(12, 12).upper == 100.0
    assert proportion(0, 5).lower == 0.0


def test_wilson_limits_of_the_public_health_package():
    rows = [row for row in phe("testdata_Byars_Wilson.xlsx", "testdata_B_W") if row["method"] == "Wilson"]
    assert len(rows) == 6
    for row in rows:
        result = proportion(row["x"], row["n"], float(row["confidence"].rstrip("%")) / 100)
        assert result.lower == pytest.approx(100 * row["lowercl"], rel=1e-12)
        assert result.upper == pytest.approx(100 * row["uppercl"], rel=1e-12)


@pytest.mark.parametrize("confidence", [0.95, 0.998])
@pytest.mark.parametrize(("x", "n"), [(0, 1), (1, 1), (1, 2), (7, 10), (52, 74), (0, 400), (999, 1000)])
def test_two_other_implementations_agree(x, n, confidence):
    result = proportion(x, n, confidence)
    of_scipy = stats.binomtest(x, n).proportion_ci(confidence, method="wilson")
    of_statsmodels = proportion_confint(x, n, 1 - confidence, method="wilson")
    for lower, upper in [(of_scipy.low, of_scipy.high), of_statsmodels]:
        assert (result.lower, result.upper) == pytest.approx((100 * lower, 100 * upper), rel=1e-9, abs=1e-9)


@given(PAIRS, st.sampled_from([0.8, 0.95, 0.998]))
def test_limits_hold_the_value_and_turn_round_with_the_question(pair, confidence):
    x, n = pair
    result = proportion(x, n, confidence)
    assert 0 <= result.lower <= result.value <= result.upper <= 100
    assert result.lower < result.upper
    other = proportion(n - x, n, confidence)
    assert (other.lower, other.upper) == pytest.approx((100 - result.upper, 100 - result.lower), abs=1e-9)


@given(PAIRS)
def test_limits_are_where_the_score_test_leaves_the_tail(pair):
    # A limit p solves |x/n - p| = z * sqrt(p (1 - p) / n).
    x, n = pair
    result = proportion(x, n)
    for limit in (result.lower / 100, result.upper / 100):
        distance = 1.959963984540054 * math.sqrt(max(0, limit * (1 - limit)) / n)
        assert abs(x / n - limit) == pytest.approx(distance, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(
    ("now", "then"), [((56, 70), (48, 80)), ((9, 10), (3, 10)), ((0, 20), (0, 10)), ((5, 5), (0, 7))]
)
def test_newcombe_of_another_implementation(now, then):
    result = newcombe_difference(proportion(*now), proportion(*then))
    lower, upper = confint_proportions_2indep(*now, *then, method="newcomb", compare="diff")
    assert (result.lower, result.upper) == pytest.approx((100 * lower, 100 * upper), abs=1e-9)


def test_newcombe_of_the_paper():
    # Newcombe 1998, table II, method 10: 56/70 less 48/80 is 0.2, limits 0.0524 to 0.3339.
    result = newcombe_difference(proportion(56, 70), proportion(48, 80))
    assert result.value == pytest.approx(20)
    assert (result.lower, result.upper) == pytest.approx((5.24, 33.39), abs=0.005)


@given(PAIRS, PAIRS)
def test_difference_stays_in_range_and_holds_the_value(now, then):
    result = newcombe_difference(proportion(*now), proportion(*then))
    assert -100 - 1e-9 <= result.lower <= result.value <= result.upper <= 100 + 1e-9


@pytest.mark.parametrize(
    ("x", "n", "why"),
    [
        (0, 0, "not available"),
        (1, -1, "not available"),
        (1, math.nan, "not available"),
        (-1, 5, "between zero"),
        (6, 5, "between zero"),
        (math.nan, 5, "between zero"),
    ],
)
def test_impossible_proportions_are_refused(x, n, why):
    with pytest.raises(ValueError, match=why):
        proportion(x, n)


def test_confidence_is_a_share():
    with pytest.raises(ValueError, match="between 0 and 1"):
        proportion(1, 2, 95)
