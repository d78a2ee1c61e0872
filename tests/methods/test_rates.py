import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from methods.rates import byar_limits, count_limits, exact_limits, rate, z_value
from tests.methods.references import golden, phe

COUNTS = st.one_of(st.integers(0, 10**7), st.floats(1e-9, 1e7))
CONFIDENCES = st.sampled_from([0.8, 0.95, 0.998])


def test_z_is_not_1_96():
    assert z_value(0.95) == pytest.approx(1.959963984540054, rel=1e-15)
    assert z_value(0.998) == pytest.approx(3.090232306167813, rel=1e-15)


@pytest.mark.parametrize("case_id", ["ST-b1", "ST-b3", "ST-b5"])
def test_count_limits_of_the_specification(case_id):
    case = golden(case_id)
    lower, upper, method = count_limits(case["input"]["count"])
    assert lower == pytest.approx(case["expect"]["lo"], abs=1e-6)
    assert upper == pytest.approx(case["expect"]["hi"], abs=1e-6)
    assert method == case["expect"].get("method", method)


def test_rate_of_the_specification():
    case = golden("SP02-a")
    result = rate(case["input"]["count"], case["input"]["pop"])
    assert result.value == pytest.approx(case["expect"]["rate"], abs=1e-6)
    assert result.lower == pytest.approx(case["expect"]["lo"], abs=1e-6)
    assert result.upper == pytest.approx(case["expect"]["hi"], abs=1e-6)


def test_byar_limits_of_the_public_health_package():
    rows = [row for row in phe("testdata_Byars_Wilson.xlsx", "testdata_B_W") if row["method"] == "Byars"]
    assert len(rows) == 7
    for row in rows:
        lower, upper = byar_limits(row["x"], float(row["confidence"].rstrip("%")) / 100)
        # Their table has no lower limit where the formula falls below zero.
        assert lower == pytest.approx(row["lowercl"] or 0, rel=1e-12)
        assert upper == pytest.approx(row["uppercl"], rel=1e-12)


@pytest.mark.parametrize(("confidence", "name"), [(0.95, "95_0"), (0.998, "99_8")])
def test_rates_of_the_public_health_package(confidence, name):
    rows = [row for row in phe("testdata_Rate.xlsx", "testdata_Rate") if row["value"] is not None]
    assert {row["method"] for row in rows} == {"Exact", "Byars"}
    for row in rows:
        result = rate(row["Numerator"], row["Denominator"], row["multiplier"], confidence)
        assert result.value == pytest.approx(row["value"], rel=1e-12)
        assert result.lower == pytest.approx(row[f"lower{name}cl"], rel=1e-12)
        assert result.upper == pytest.approx(row[f"upper{name}cl"], rel=1e-12)
        assert result.method == row["method"].lower().rstrip("s")


def test_grouped_rates_of_the_public_health_package():
    rows = [row for row in phe("testdata_Rate.xlsx", "testdata_Rate_g") if row["value"] is not None]
    assert len(rows) == 9
    for row in rows:
        result = rate(
            row["Numerator"], row["Denominator"], row["multiplier"], float(row["confidence"].rstrip("%")) / 100
        )
        assert (result.value, result.lower, result.upper) == pytest.approx(
            (row["value"], row["lowercl"], row["uppercl"]), rel=1e-12
        )
        assert result.method == row["method"].lower().rstrip("s")


@pytest.mark.parametrize("confidence", [0.95, 0.998])
@pytest.mark.parametrize("observed", range(10))
def test_exact_limits_are_where_poisson_leaves_the_tail(observed, confidence):
    lower, upper = exact_limits(observed, confidence)
    tail = (1 - confidence) / 2
    assert stats.poisson.cdf(observed, upper) == pytest.approx(tail)
    assert (stats.poisson.sf(observed - 1, lower) == pytest.approx(tail)) if observed else (lower == 0)


@pytest.mark.parametrize(("observed", "method"), [(0, "exact"), (9, "exact"), (9.75, "exact"), (10, "byar")])
def test_exact_below_ten(observed, method):
    assert count_limits(observed)[2] == method


@given(COUNTS, CONFIDENCES)
def test_limits_hold_the_count_and_widen_with_confidence(observed, confidence):
    lower, upper, method = count_limits(observed, confidence)
    assert 0 <= lower <= observed < upper
    assert method == ("exact" if observed < 10 else "byar")
    wider = count_limits(observed, 0.999)
    assert wider[0] <= lower
    assert wider[1] > upper


@given(COUNTS, st.floats(0.001, 1e4))
def test_limits_rise_with_the_count(observed, more):
    # From exact to Byar the limits step by less than 0.01, so a rise of one event is never lost.
    assert count_limits(observed + 1 + more)[0] > count_limits(observed)[0]
    assert count_limits(observed + 1 + more)[1] > count_limits(observed)[1]


@given(COUNTS, st.floats(1, 1e8), st.sampled_from([1, 100, 1000, 100000]))
def test_a_rate_is_its_count_with_limits_divided_by_the_same_residents(observed, population, per):
    result = rate(observed, population, per)
    lower, upper, method = count_limits(observed)
    for got, count in [(result.value, observed), (result.lower, lower), (result.upper, upper)]:
        assert got == pytest.approx(count / population * per)
    assert result.method == method


@pytest.mark.parametrize("observed", [-1, -1e-9, math.nan, math.inf])
def test_no_limits_of_an_impossible_count(observed):
    for limits in (count_limits, exact_limits, byar_limits):
        with pytest.raises(ValueError, match="count must be a finite number, zero or more"):
            limits(observed)


@pytest.mark.parametrize("population", [0, -5, math.nan, math.inf])
def test_no_rate_without_residents(population):
    with pytest.raises(ValueError, match="population above zero"):
        rate(3, population)


@pytest.mark.parametrize("confidence", [0, 1, 95, -0.5, math.nan])
def test_confidence_is_a_share(confidence):
    with pytest.raises(ValueError, match="between 0 and 1"):
        count_limits(3, confidence)
