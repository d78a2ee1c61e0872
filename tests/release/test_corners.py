"""A linear programme that stays open answers every question as one that is asked anew."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csr_array

from assets.release.audit import _Solver
from assets.release.corners import Corners
from tests.campaign import examples

_FACTORS = st.integers(-2, 2)


@st.composite
def questions(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, list[np.ndarray]]:
    rows, columns = draw(st.integers(1, 4)), draw(st.integers(2, 6))
    matrix = np.array(
        draw(st.lists(st.lists(_FACTORS, min_size=columns, max_size=columns), min_size=rows, max_size=rows))
    )
    inside = np.array(draw(st.lists(st.integers(0, 9), min_size=columns, max_size=columns)))
    slack = np.array(draw(st.lists(st.integers(0, 3), min_size=rows, max_size=rows)))
    weights = draw(st.lists(st.lists(_FACTORS, min_size=columns, max_size=columns), min_size=1, max_size=4))
    return (
        matrix.astype(float),
        inside.astype(float),
        (matrix @ inside).astype(float),
        slack,
        [np.array(w, float) for w in weights],
    )


@given(questions())
@settings(max_examples=examples(100), deadline=None)
def test_same_answer_as_asked_anew(asked: tuple[np.ndarray, ...]) -> None:
    matrix, inside, middle, slack, weights = asked
    low, high = np.zeros(len(inside)), np.full(len(inside), 12.0)
    kept = Corners(csr_array(matrix), middle - slack, middle + slack)
    for wanted in weights:
        found = kept.solved(wanted, low, high)
        anew = milp(
            wanted, bounds=Bounds(low, high), constraints=LinearConstraint(matrix, middle - slack, middle + slack)
        )
        assert found is not None
        assert wanted @ found.values == pytest.approx(anew.fun, abs=1e-6)


@given(questions())
@settings(max_examples=examples(100), deadline=None)
def test_prices_are_those_of_scipy(asked: tuple[np.ndarray, ...]) -> None:
    """By their worth: weights less what the prices take is what each unknown still costs at its bound."""
    matrix, inside, middle, _, weights = asked
    ends = np.column_stack([np.zeros(len(inside)), np.full(len(inside), 12.0)])
    kept = Corners(csr_array(matrix), middle, middle)
    for wanted in weights:
        found = kept.solved(wanted, ends[:, 0], ends[:, 1])
        anew = linprog(wanted, A_eq=matrix, b_eq=middle, bounds=ends, method="highs")
        assert found is not None
        left = wanted - matrix.T @ found.prices
        worth = found.prices @ middle + np.minimum(left, 0.0) @ ends[:, 1]
        assert worth == pytest.approx(anew.fun, abs=1e-6)


@given(questions())
@settings(max_examples=examples(100), deadline=None)
def test_whole_numbers_are_never_missed(asked: tuple[np.ndarray, ...]) -> None:
    matrix, inside, middle, slack, weights = asked
    low, high = np.zeros(len(inside)), np.full(len(inside), 12.0)
    solve = _Solver(csr_array(matrix), middle - slack, middle + slack, low, high, whole=True)
    for wanted in weights:
        anew = milp(
            wanted,
            integrality=np.ones(len(inside)),
            bounds=Bounds(low, high),
            constraints=LinearConstraint(matrix, middle - slack, middle + slack),
        )
        found = solve(wanted)
        assert found is not None
        assert (found == np.round(found)).all()
        assert wanted @ found == pytest.approx(anew.fun, abs=1e-6)
        assert (np.abs(matrix @ found - middle) <= slack + 1e-6).all()


def test_what_cannot_be_has_no_answer_and_spoils_no_later_one() -> None:
    kept = Corners(csr_array(np.ones((1, 2))), np.array([3.0]), np.array([3.0]))
    weights = np.array([1.0, 0.0])
    assert kept.lowest(weights, np.full(2, 2.0), np.full(2, 9.0)) is None
    found = kept.lowest(weights, np.zeros(2), np.full(2, 9.0))
    assert found is not None
    assert found.tolist() == [0.0, 3.0]
