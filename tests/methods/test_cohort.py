from datetime import date, timedelta
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.duration.survfunc import SurvfuncRight

from methods.cohort import bounds, display_enough, eligible_length, kaplan_meier, penalty, twelve_months_days
from methods.rounding import half_up
from tests.methods.references import golden

COHORTS = st.integers(1, 4000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
TARGETS = st.fractions(0, 1, max_denominator=400)


def test_penalty_of_the_specification():
    case = golden("SP09-a")
    expect = case["expect"]
    rows = zip(case["input"]["cases"], expect["pct"], expect["display_1dp"], expect["penalty"], strict=True)
    for (kept, cohort), percent, shown, due in rows:
        assert penalty(kept, cohort) is due
        assert 100 * kept / cohort == pytest.approx(percent, abs=1e-6)
        # To one place all four look as if they met the target.
        assert half_up(100 * kept / cohort, 1) == shown
        assert (float(display_enough(kept, cohort)) < 75) is due


@pytest.mark.parametrize(
    ("kept", "cohort", "target", "text"),
    [
        (450, 600, Fraction(3, 4), "75.0"),
        (449, 599, Fraction(3, 4), "74.96"),
        (1499, 2000, Fraction(3, 4), "74.95"),
        (2249, 2999, Fraction(3, 4), "74.99"),
        (7499999, 10000000, Fraction(3, 4), "74.99999"),
        (10, 20, Fraction(3, 4), "50.0"),
        (5, 5, Fraction(1), "100.0"),
        (2999, 3000, Fraction(1), "99.97"),
        (1, 3, Fraction(1, 3), "33.3"),
        (333, 1000, Fraction(1, 3), "33.30"),
        (75038, 100000, Fraction(7503, 10000), "75.04"),
        (0, 5, Fraction(0), "0.0"),
    ],
)
def test_enough_decimals(kept, cohort, target, text):
    assert display_enough(kept, cohort, target) == text


@given(COHORTS, TARGETS)
def test_print_is_on_the_side_of_the_verdict(pair, target):
    kept, cohort = pair
    text = display_enough(kept, cohort, target)
    places = len(text.partition(".")[2])
    assert places >= 1
    assert abs(Fraction(text) - Fraction(100 * kept, cohort)) <= Fraction(1, 2 * 10**places)
    if Fraction(kept, cohort) != target:
        assert (Fraction(text) < 100 * target) is penalty(kept, cohort, target)


def test_bounds_of_the_specification():
    case = golden("SP09-b")
    for at, cohort in enumerate(case["input"]["cohorts"]):
        found = bounds(cohort["n"], cohort["revoked"], cohort["completed"])
        assert found.lower == pytest.approx(case["expect"]["lower_pct"][at], abs=1e-6)
        assert found.upper == pytest.approx(case["expect"]["upper_pct"][at], abs=1e-6)
        assert found.verdict == case["expect"]["verdict"][at]


@pytest.mark.parametrize(
    ("n", "failed", "kept", "verdict"),
    [
        (4, 1, 3, "met (final)"),
        (4, 2, 2, "missed (final)"),
        (4, 0, 3, "met"),
        (4, 2, 0, "will miss"),
        (4, 1, 2, "not yet determinable"),
        (599, 150, 0, "will miss"),
        (599, 149, 0, "not yet determinable"),
        (1, 0, 0, "not yet determinable"),
    ],
)
def test_verdicts(n, failed, kept, verdict):
    assert bounds(n, failed, kept).verdict == verdict


def test_verdict_of_a_two_licence_offender():
    case = golden("SP09-e")
    licences, revoked = case["input"]["licences"], case["input"]["revoked"]
    assert bounds(licences, revoked, licences - revoked).verdict == "missed (final)"
    assert licences - revoked == case["expect"]["kept"]


@given(st.integers(1, 300), TARGETS, st.data())
def test_a_verdict_never_turns_round(n, target, data):
    failed = data.draw(st.integers(0, n))
    kept = data.draw(st.integers(0, n - failed))
    early = bounds(n, failed, kept, target)
    more = data.draw(st.integers(0, n - failed - kept))
    late = bounds(n, n - kept - more, kept + more, target)
    assert early.lower <= late.lower == late.upper <= early.upper
    assert late.verdict == ("missed (final)" if penalty(kept + more, n, target) else "met (final)")
    if early.verdict != "not yet determinable":
        assert early.verdict.startswith("met") == late.verdict.startswith("met")


@pytest.mark.parametrize("figures", [(0, 0, 0), (-1, 0, 0), (5, 3, 3), (5, -1, 3), (5, 1, -1)])
def test_impossible_cohorts_are_refused(figures):
    with pytest.raises(ValueError):
        bounds(*figures)


@pytest.mark.parametrize("test", [penalty, display_enough])
@pytest.mark.parametrize("figures", [(0, 0), (3, 2), (-1, 2)])
def test_no_test_of_an_impossible_cohort(test, figures):
    with pytest.raises(ValueError, match="cohort must have"):
        test(*figures)


def test_eligibility_of_the_specification():
    case = golden("SP09-c")
    for at, (day, length) in enumerate(case["input"]["cases"]):
        assert twelve_months_days(date.fromisoformat(day)) == case["expect"]["days_in_12_months"][at]
        assert eligible_length(date.fromisoformat(day), length) is case["expect"]["eligible"][at]


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)))
def test_twelve_months_hold_every_day_of_the_year_once(day):
    days = twelve_months_days(day)
    span = [day + timedelta(days=step) for step in range(days)]
    assert days - 365 == sum((each.month, each.day) == (2, 29) for each in span)
    ordinary = [(each.month, each.day) for each in span if (each.month, each.day) != (2, 29)]
    assert len(ordinary) == len(set(ordinary)) == 365
    assert [length for length in (-1, 0, 1, 2, days - 1, days) if eligible_length(day, length)] == [2, days - 1]


def test_sentence_of_the_leap_day():
    assert twelve_months_days(date(2016, 2, 29)) == 366


def test_survival_of_the_specification():
    case = golden("SP09-f")
    steps = kaplan_meier([tuple(row) for row in case["input"]["data"]])
    assert {str(step.day): step.survival for step in steps} == pytest.approx(case["expect"]["S"], abs=1e-6)


@given(st.lists(st.tuples(st.integers(1, 40), st.booleans()), min_size=1, max_size=60))
def test_two_other_implementations_of_survival_agree(data):
    steps = kaplan_meier(data)
    ends, failed = [day for day, _ in data], [bad for _, bad in data]
    if not any(failed):
        assert steps == ()
        return
    model = SurvfuncRight(np.array(ends), np.array(failed, dtype=int))
    assert [step.day for step in steps] == list(model.surv_times)
    assert [step.at_risk for step in steps] == list(model.n_risk)
    assert [step.survival for step in steps] == pytest.approx(list(model.surv_prob))
    curve = stats.ecdf(stats.CensoredData.right_censored(ends, [not bad for bad in failed])).sf
    assert [step.survival for step in steps] == pytest.approx(list(curve.evaluate([step.day for step in steps])))


def test_survival_of_nobody_and_of_impossible_days():
    assert kaplan_meier([]) == ()
    assert kaplan_meier([(0, True)])[0].survival == 0
    with pytest.raises(ValueError, match="zero or more"):
        kaplan_meier([(-1, True)])
