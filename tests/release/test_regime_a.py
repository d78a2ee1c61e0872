"""Regime A: the cheapest pattern that protects every hidden count."""

from __future__ import annotations

import json

import numpy as np
import pytest

from assets.release.audit import Published
from assets.release.regime_a import Table, small_counts, stands, to_hide
from assets.release.relations import Count
from tests.paths import need_spec

STARTS = ("2015-04-01", "2015-07-01", "2015-10-01", "2016-01-01")


def table(counts: np.ndarray, earlier: tuple[Published, ...] = (), also: frozenset[Count] = frozenset()) -> Table:
    """Four quarters (rows) of some neighbourhoods (columns) with their totals, none of which may be hidden."""
    exact: dict[Count, float] = {}
    for column in range(counts.shape[1]):
        for quarter, start in enumerate(STARTS):
            exact["neighbourhood", "", f"N{column}", "quarter", start] = float(counts[quarter, column])
    detail = frozenset(exact)
    for column in range(counts.shape[1]):
        exact["neighbourhood", "", f"N{column}", "fy", STARTS[0]] = float(counts[:, column].sum())
    for quarter, start in enumerate(STARTS):
        exact["city", "", "C", "quarter", start] = float(counts[quarter].sum())
    return Table("SP01", exact, detail, small_counts(exact, detail, 5) | also, earlier)


def places(found: frozenset[Count] | None) -> set[tuple[int, int]]:
    assert found is not None
    return {(STARTS.index(count[4]), int(count[2][1:])) for count in found}


def test_least_loss_pattern_of_the_specification() -> None:
    """Golden SDC-1: rows and columns with their totals published."""
    cases = json.loads((need_spec() / "golden.json").read_text(encoding="utf-8"))
    (case,) = (c for c in cases if c["id"] == "SDC-1")
    made = table(np.array(case["input"]["rows"]))
    primary = {(row, column) for row, column in case["expect"]["primary"]}
    assert places(made.small) == primary
    assert places(to_hide(made)) - primary == {tuple(cell) for cell in case["expect"]["secondary"]}


def test_nothing_small_nothing_hidden() -> None:
    assert to_hide(table(np.full((4, 3), 9))) == frozenset()


@pytest.mark.parametrize("seed", range(6))
def test_no_row_or_column_has_one_hidden_count_and_no_hidden_count_can_be_told(seed: int) -> None:
    counts = np.random.default_rng(seed).poisson(9, size=(4, 7))
    made = table(counts)
    found = to_hide(made)
    hidden = places(found)
    for axis in (0, 1):
        assert 1 not in [sum(cell[axis] == line for cell in hidden) for line in range(7)]
    assert all(counts[cell] for cell in hidden)
    assert found is not None
    assert stands(made, found)


@pytest.mark.parametrize("seed", [1])
def test_no_cheaper_pattern_stands(seed: int) -> None:
    """Against every pattern of a small table, one by one."""
    counts = np.random.default_rng(seed).poisson(8, size=(4, 3))
    counts[seed, 0] = 3
    made = table(counts)
    cost = sum(made.exact[count] for count in to_hide(made) or made.detail)
    free = sorted(count for count in made.detail - made.small if made.exact[count])
    cheaper = []
    for pick in range(2 ** len(free)):
        chosen = [count for at, count in enumerate(free) if pick >> at & 1]
        if sum(made.exact[count] for count in [*made.small, *chosen]) < cost and len(chosen) <= 3:
            cheaper.append(made.small | set(chosen))
    assert not any(stands(made, pattern) for pattern in cheaper)


def test_a_pattern_that_gives_a_count_away_does_not_stand() -> None:
    made = table(np.array([[3, 9, 9], [9, 9, 9], [9, 9, 9], [9, 9, 9]]))
    assert not stands(made, made.small)


def test_what_an_earlier_release_hid_is_unknown_and_what_it_showed_is_known() -> None:
    counts = np.array([[3, 9, 20], [9, 9, 20], [20, 20, 20], [20, 20, 20]])
    first = table(counts)
    hidden = to_hide(first)
    assert places(hidden) == {(0, 0), (0, 1), (1, 0), (1, 1)}
    assert hidden is not None
    before = Published(first.exact, frozenset(first.exact) - hidden)
    again = table(counts, (before,), hidden)
    assert to_hide(again) == hidden
    # A count that falls below 5 beside others that every reader has: only those that changed with it can protect it.
    later = counts.copy()
    later[2, 0], later[3, 0], later[2, 2], later[3, 2] = 4, 36, 36, 4
    assert places(to_hide(table(later, (before,), hidden))) >= {(2, 0), (3, 0), (2, 2), (3, 2)}


def test_without_any_pattern_there_is_none() -> None:
    assert to_hide(table(np.array([[3, 0], [0, 9], [9, 9], [9, 9]]))) is None
