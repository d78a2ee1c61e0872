import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from methods.gap import gap_change, nested_gap, percent_change, points_change, relative_gap
from methods.rates import rate
from tests.methods.references import golden


def gap_of(case_id):
    case = golden(case_id)["input"]
    figures = (sum(case["ten_crimes"]), sum(case["ten_pop"]), case["city_crimes"], case["city_pop"])
    return nested_gap(*figures), rate(*figures[:2]).value, rate(*figures[2:]).value


@pytest.mark.parametrize("case_id", ["SP01-a", "SP01-b"])
def test_gap_of_the_specification(case_id):
    expect = golden(case_id)["expect"]
    gap, ten, city = gap_of(case_id)
    assert ten == pytest.approx(expect["r10"], abs=1e-6)
    assert city == pytest.approx(expect["rc"], abs=1e-6)
    assert gap.value == pytest.approx(expect["gap"], abs=1e-6)
    assert gap.lower == pytest.approx(expect["gap_lo"], abs=1e-6)
    assert gap.upper == pytest.approx(expect["gap_hi"], abs=1e-6)
    assert relative_gap(gap.value, city) == pytest.approx(expect["rel"], abs=1e-6)


def test_change_of_the_gap_of_the_specification():
    expect = golden("SP01-c")["expect"]
    then, _, city_then = gap_of("SP01-a")
    now, _, city_now = gap_of("SP01-b")
    change = gap_change(now, then)
    assert change.value == pytest.approx(expect["gap_change"], abs=1e-6)
    assert change.lower == pytest.approx(expect["gap_change_lo"], abs=1e-6)
    assert change.upper == pytest.approx(expect["gap_change_hi"], abs=1e-6)
    assert percent_change(now.value, then.value) == pytest.approx(expect["gap_change_pct"], abs=1e-4)
    points = points_change(relative_gap(now.value, city_now), relative_gap(then.value, city_then))
    assert points == pytest.approx(expect["rel_gap_change_pp"], abs=1e-6)


def test_wrong_gaps_are_not_produced():
    gap, _, _ = gap_of("SP01-a")
    assert gap.value != pytest.approx(golden("SP01-f")["expect"]["gap_to_rest_must_not_be_used"], abs=1)
    # The interval that takes ten and city as independent (spec 4.3).
    assert gap.upper - gap.lower < 54.98 - 49.34 - 1


@given(st.integers(0, 5000), st.integers(1, 10**5), st.integers(0, 50000), st.integers(1, 10**6))
def test_gap_is_the_difference_of_the_rates_and_lies_in_its_limits(part, people, rest, rest_people):
    gap = nested_gap(part, people, part + rest, people + rest_people)
    difference = rate(part, people).value - rate(part + rest, people + rest_people).value
    assert gap.value == pytest.approx(difference, abs=1e-9 * max(1, 1000 * part / people))
    assert gap.lower <= gap.value <= gap.upper


def test_gap_limits_against_the_formula_spelled_out():
    part, people, whole, all_people = 12, 900, 60, 9000
    a, b = rate(part, people), rate(whole - part, all_people - people)
    share = (all_people - people) / all_people
    gap = nested_gap(part, people, whole, all_people)
    assert gap.lower == pytest.approx(
        share * (a.value - b.value - math.sqrt((a.value - a.lower) ** 2 + (b.upper - b.value) ** 2))
    )
    assert gap.upper == pytest.approx(
        share * (a.value - b.value + math.sqrt((a.upper - a.value) ** 2 + (b.value - b.lower) ** 2))
    )


def test_a_part_that_holds_every_event_up_to_rounding():
    assert nested_gap(10.000000000000002, 100, 10, 200).value == pytest.approx(50)


@pytest.mark.parametrize(
    ("figures", "why"),
    [
        ((11, 100, 10, 200), "more events than the whole"),
        ((5, 200, 10, 200), "fewer residents"),
        ((5, 300, 10, 200), "fewer residents"),
        ((5, math.nan, 10, 200), "fewer residents"),
        ((5, 0, 10, 200), "population above zero"),
        ((-1, 100, 10, 200), "zero or more"),
    ],
)
def test_impossible_parts_are_refused(figures, why):
    with pytest.raises(ValueError, match=why):
        nested_gap(*figures)


def test_no_relative_figure_of_nothing():
    with pytest.raises(ValueError, match="above zero"):
        relative_gap(1, 0)
    with pytest.raises(ValueError, match="other than zero"):
        percent_change(1, 0)


def test_percent_change_keeps_its_sign_when_the_earlier_gap_is_below_zero():
    assert percent_change(-3, -2) == -50
    assert percent_change(1, -2) == 150
