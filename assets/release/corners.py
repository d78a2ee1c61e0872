"""A linear programme that is asked again and again: same relations, other weights and bounds.

Here: HiGHS with its model kept, so that each answer begins at the last one; a tenth of the cost of a fresh start. Not here: what the
unknowns are (`audit.py`, `regime_a.py`).
"""

from __future__ import annotations

from typing import NamedTuple

import highspy
import numpy as np
from scipy.sparse import csr_array


class Solved(NamedTuple):
    """A corner of what is possible, and what each relation is worth there (its dual)."""

    values: np.ndarray
    prices: np.ndarray


class Corners:
    """Unknowns within bounds, tied by relations `row_low <= matrix @ x <= row_high`."""

    def __init__(self, matrix: csr_array, row_low: np.ndarray, row_high: np.ndarray) -> None:
        rows, columns = matrix.shape
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = columns, rows
        model.col_cost_ = model.col_lower_ = model.col_upper_ = np.zeros(columns)
        model.row_lower_, model.row_upper_ = row_low.astype(float), row_high.astype(float)
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_ = matrix.indptr
        model.a_matrix_.index_ = matrix.indices
        model.a_matrix_.value_ = matrix.data.astype(float)
        self._all = np.arange(columns, dtype=np.int32)
        self._solver = highspy.Highs()
        self._solver.silent()
        self._solver.setOptionValue("threads", 1)
        self._solver.passModel(model)

    def lowest(self, weights: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray | None:
        """Where the weighted sum is smallest; None where nothing is possible or the sum has no end."""
        solved = self.solved(weights, low, high)
        return None if solved is None else solved.values

    def solved(self, weights: np.ndarray, low: np.ndarray, high: np.ndarray) -> Solved | None:
        """The same, with the prices of the relations."""
        size = len(self._all)
        self._solver.changeColsCost(size, self._all, weights.astype(float))
        self._solver.changeColsBounds(size, self._all, low.astype(float), high.astype(float))
        self._solver.run()
        if not self._optimal():
            # From the last answer it may have lost its way: once more from the beginning.
            self._solver.clearSolver()
            self._solver.run()
        if not self._optimal():
            return None
        solution = self._solver.getSolution()
        return Solved(np.array(solution.col_value), np.array(solution.row_dual))

    def _optimal(self) -> bool:
        return bool(self._solver.getModelStatus() == highspy.HighsModelStatus.kOptimal)
