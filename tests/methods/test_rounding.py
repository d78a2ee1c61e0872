import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from methods.rounding import half_up, percent_text, round_to
from tests.methods.references import golden


def test_rounding_of_the_specification():
    case = golden("RND-1")
    asked = zip(case["input"]["values"], case["expect"]["dp"], strict=True)
    assert [half_up(value, dp) for value, dp in asked] == case["expect"]["out"]


@given(st.integers(-(10**9), 10**9), st.integers(0, 4))
def test_a_half_always_goes_away_from_zero(whole, dp):
    text = half_up(float(f"{whole}.{'0' * dp}5"), dp)
    step = Decimal(1).scaleb(-dp)
    sign = -1 if f"{whole}".startswith("-") else 1
    assert Decimal(text) == whole + sign * step


@given(st.floats(-1e12, 1e12), st.integers(0, 6))
def test_rounded_is_nearest_and_plain(value, dp):
    text = half_up(value, dp)
    assert "e" not in text.lower()
    assert len(text.partition(".")[2]) == dp
    assert abs(Decimal(text) - Decimal(repr(value))) <= Decimal(1).scaleb(-dp) / 2


@pytest.mark.parametrize(
    ("value", "dp", "text"),
    [
        (-0.04, 1, "0.0"),
        (-0.25, 1, "-0.3"),
        (1e-7, 1, "0.0"),
        (1.5e22, 0, "15000000000000000000000"),
        (2**70 + 1, 0, "1180591620717411303425"),
        (np.float64(0.25), 1, "0.3"),
        (np.int64(3), 1, "3.0"),
        (68.00091230470977, 1, "68.0"),
    ],
)
def test_texts(value, dp, text):
    assert half_up(value, dp) == text


@pytest.mark.parametrize(("value", "dp"), [(math.nan, 1), (math.inf, 1), (1.0, -1)])
def test_what_cannot_be_shown_is_refused(value, dp):
    with pytest.raises(ValueError):
        half_up(value, dp)


@pytest.mark.parametrize(
    ("part", "whole", "dp", "text"),
    [
        (450, 600, 1, "75.0"),
        (449, 599, 1, "75.0"),
        (449, 599, 2, "74.96"),
        (1, 8, 0, "13"),
        (1, 200, 0, "1"),
        (0, 7, 1, "0.0"),
        (7, 7, 0, "100"),
        (1, 2000, 1, "0.1"),
        (10**20 + 1, 10**20, 18, "100.000000000000000001"),
    ],
)
def test_percent_texts(part, whole, dp, text):
    assert percent_text(part, whole, dp) == text


@given(st.integers(0, 10**9), st.integers(1, 10**9), st.integers(0, 6))
def test_percent_text_is_nearest_with_halves_up(part, whole, dp):
    off = (Fraction(percent_text(part, whole, dp)) - Fraction(100 * part, whole)) * 10**dp
    assert -Fraction(1, 2) < off <= Fraction(1, 2)


@pytest.mark.parametrize("wrong", [(-1, 5, 1), (1, 0, 1), (1, 5, -1)])
def test_no_percent_text_of_impossible_counts(wrong):
    with pytest.raises(ValueError):
        percent_text(*wrong)


def test_rounding_of_counts_of_the_specification():
    case = golden("SDC-2")
    for count, out in zip(case["input"]["counts"], case["expect"]["out"], strict=True):
        if out != "[c]":
            assert round_to(count, 5) == out


@given(st.integers(-(10**6), 10**6), st.integers(1, 100))
def test_counts_round_to_the_nearest_multiple(value, base):
    rounded = round_to(value, base)
    assert rounded % base == 0
    assert 2 * abs(rounded - value) <= base
    assert round_to(-value, base) == -rounded
    if 2 * abs(rounded - value) == base:
        assert abs(rounded) > abs(value)


def test_no_rounding_to_nothing():
    with pytest.raises(ValueError, match="above zero"):
        round_to(3, 0)
