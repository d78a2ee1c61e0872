import math
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from methods.rounding import half_up
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
