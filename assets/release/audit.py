"""What all published figures together give away of a hidden count: the attacker that every release must stand (spec 4.8). Pure.

The attacker has every count that this and all earlier releases show, and every relation between counts (`relations.py`). He knows
that a hidden count is at least 1, and under regime B whether it was hidden for being small; a rounded count is one of five. A
count that was not revised is the same unknown in all releases, a revised one is another. Here: how many values each hidden count
can still take, by linear and integer programming (HiGHS). Not here: choosing what to hide, reading releases.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from assets.release.corners import Corners
from assets.release.relations import Count, Member, Regime, Relation, relations

#: Values that a hidden count must still be able to take.
ENOUGH: Mapping[Regime, int] = {"A": 5, "B": 3}
#: Counts from 1 to this one are hidden for being small under regime B; others are rounded to the nearest 5.
LARGEST_SMALL = 7
_ROUNDED_BY = 2
#: Larger than any count of a partnership, for bounds that must be finite.
ENDLESS = 10_000_000.0
_TOLERANCE = 1e-6
#: How many solutions to look at between two; how many corners to try before single counts, and from how many counts on.
_STEPS, _CORNERS, _FEW = 8, 24, 2

#: What an attacker takes for granted of the counts that were not revised between two releases: that all of them were not, that
#: those were not which both releases hide, or nothing; then he has the newest release alone. The more he believes the more he
#: finds, and against the first two beliefs no choice helps where one count alone was revised.
Belief = Literal["all", "hidden", "nothing"]
BELIEFS: tuple[Belief, ...] = ("all", "hidden", "nothing")
#: An unknown of the attacker: a count with one exact number, in whatever release, under a belief.
Unknown = tuple[Count, float, str]


@dataclass(frozen=True)
class Published:
    """The counts of one measure in one release.

    Attributes:
        exact: the exact number of every count that is not missing.
        shown: which of them the release shows; the others are hidden.
    """

    exact: Mapping[Count, float]
    shown: frozenset[Count]

    @property
    def hidden(self) -> set[Count]:
        """Counts that are there and not shown."""
        return set(self.exact) - self.shown


@dataclass
class Unknowns:
    """A system of whole numbers within bounds, and the relations between them; `exact` is what they really are."""

    names: list[Unknown] = field(default_factory=list)
    exact: list[float] = field(default_factory=list)
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    shown: list[bool] = field(default_factory=list)
    rows: dict[tuple[tuple[int, float], ...], tuple[float, float]] = field(default_factory=dict)
    _place: dict[Unknown, int] = field(default_factory=dict)

    def place(self, name: Unknown, exact: float, low: float, high: float, shown: bool) -> int:
        """Where an unknown stands; what several releases tell of it holds together."""
        at = self._place.get(name)
        if at is None:
            at = self._place[name] = len(self.names)
            self.names.append(name)
            self.exact.append(exact)
            self.low.append(low)
            self.high.append(high)
            self.shown.append(shown)
        self.low[at], self.high[at] = max(self.low[at], low), min(self.high[at], high)
        self.shown[at] = self.shown[at] or shown
        return at

    def bind(self, terms: Mapping[int, float], low: float, high: float) -> None:
        """Add a relation."""
        key = tuple(sorted((at, factor) for at, factor in terms.items() if factor))
        before = self.rows.get(key, (-math.inf, math.inf))
        self.rows[key] = (max(before[0], low), min(before[1], high))


def system(
    measure: str,
    regime: Regime,
    earlier: Sequence[Published],
    now: Published,
    members: Collection[Member] = (),
    *,
    belief: Belief = "all",
    always_small: bool = True,
    zeros: bool = True,
) -> Unknowns:
    """Everything that an attacker knows of a measure from these releases.

    Args:
        measure: measure id.
        regime: its disclosure regime.
        earlier: the counts of every earlier release.
        now: the counts of the newest.
        members: the priority set.
        belief: which counts he takes to be unrevised, of those that are.
        always_small: whether he knows which counts of regime B are hidden for being small.
        zeros: whether he knows which counts that stay hidden are zero by now; else he takes every hidden count for 1 at least.
    """
    made = Unknowns()
    for release in (*(earlier if belief != "nothing" else ()), now):
        place: dict[Count, int] = {}
        for count, exact in release.exact.items():
            shown = count in release.shown
            low, high = _interval(regime, exact, shown, always_small, zeros)
            name = (count, exact, "shown" if shown and belief != "all" else belief)
            place[count] = made.place(name, exact, low, high, shown)
        for relation in relations(measure, regime, release.exact, members):
            _bind(made, relation, place)
    return made


def _interval(regime: Regime, exact: float, shown: bool, always_small: bool, zeros: bool) -> tuple[float, float]:
    least = min(1.0, exact) if zeros or exact > 0 else 1.0
    if regime == "A":
        return (exact, exact) if shown else (least, ENDLESS)
    if shown:
        middle = 5 * math.floor(exact / 5 + 0.5)
        return (0.0, 0.0) if exact == 0 else (max(LARGEST_SMALL + 1.0, middle - _ROUNDED_BY), middle + _ROUNDED_BY)
    small = always_small and 1 <= exact <= LARGEST_SMALL
    return least, LARGEST_SMALL if small else ENDLESS


def _bind(made: Unknowns, relation: Relation, place: Mapping[Count, int]) -> None:
    terms: dict[int, float] = {}
    for count, factor in relation.terms:
        terms[place[count]] = terms.get(place[count], 0.0) + factor
    made.bind(terms, relation.low, relation.high)


def exposed(found: Unknowns, enough: int, among: Collection[Unknown] | None = None) -> set[Unknown]:
    """Hidden unknowns (of these, where given) that can take fewer than so many values.

    One that any release showed is no longer hidden.
    """
    targets = {at for at, shown in enumerate(found.shown) if not shown and (among is None or found.names[at] in among)}
    free = [at for at in range(len(found.names)) if found.high[at] - found.low[at] > _TOLERANCE]
    column = {at: place for place, at in enumerate(free)}
    weak = {found.names[at] for at in targets if at not in column}
    rows: list[tuple[list[tuple[int, float]], float, float]] = []
    for terms, (low, high) in found.rows.items():
        fixed = math.fsum(factor * found.low[at] for at, factor in terms if at not in column)
        if left := [(column[at], factor) for at, factor in terms if at in column]:
            rows.append((left, low - fixed, high - fixed))
    for part, part_rows in _components(len(free), rows):
        inside = [place for place in part if free[place] in targets]
        if inside:
            weak |= {found.names[free[place]] for place in _narrow(found, free, part, part_rows, inside, enough)}
    return weak


Row = tuple[list[tuple[int, float]], float, float]


def _components(size: int, rows: Sequence[Row]) -> list[tuple[list[int], list[Row]]]:
    """Unknowns that no relation ties to each other, apart."""
    pairs = [(terms[0][0], place) for terms, *_ in rows for place, _ in terms]
    first, second = zip(*pairs, strict=True) if pairs else ((), ())
    graph = coo_array((np.ones(len(pairs)), (first, second)), shape=(size, size))
    number, label = connected_components(graph, directed=False)
    parts: list[tuple[list[int], list[Row]]] = [([], []) for _ in range(number)]
    for place in range(size):
        parts[label[place]][0].append(place)
    for row in rows:
        parts[label[row[0][0][0]]][1].append(row)
    return parts


def _narrow(
    found: Unknowns, free: Sequence[int], part: Sequence[int], rows: Sequence[Row], targets: Sequence[int], enough: int
) -> set[int]:
    """Those of the targets that can take too few values, from witnesses: whole solutions of the system."""
    here = {place: at for at, place in enumerate(part)}
    exact = np.array([found.exact[free[place]] for place in part])
    low = np.array([found.low[free[place]] for place in part])
    high = np.array([found.high[free[place]] for place in part])
    whole = bool((exact == np.floor(exact)).all())
    solve = _Solver(
        csr_array(
            (
                [factor for terms, *_ in rows for _, factor in terms],
                (
                    [row for row, (terms, *_) in enumerate(rows) for _ in terms],
                    [here[place] for terms, *_ in rows for place, _ in terms],
                ),
            ),
            shape=(len(rows), len(part)),
        ),
        np.array([row[1] for row in rows]),
        np.array([row[2] for row in rows]),
        low,
        high,
        whole,
    )
    seen = _Witnesses(solve, exact, bool((exact >= low).all() and (exact <= high).all()))
    asked = [here[place] for place in targets]
    if whole:
        seen.corners(asked, enough)
        return {place for place in targets if not seen.whole(here[place], enough)}
    return {place for place in targets if not seen.apart(here[place], enough - 1)}


class _Witnesses:
    """Values that unknowns were seen to take, each in a whole solution of the system."""

    def __init__(self, solve: _Solver, exact: np.ndarray, known: bool) -> None:
        self._solve = solve
        self._exact = exact
        # Whether the exact numbers are a solution of what the attacker believes.
        self._known = known
        self._seen: list[set[float]] = [set() for _ in exact]
        if known and solve.whole:
            self._note(exact)

    def _note(self, solution: np.ndarray | None) -> None:
        if solution is None:
            return
        # Between two solutions lie as many more as all their differences have steps in common.
        steps = int(np.gcd.reduce(np.abs(solution - self._exact).astype(int))) if self._known else 0
        between = [self._exact + (solution - self._exact) * (n / steps) for n in range(1, min(steps, _STEPS))]
        for one in (solution, *between):
            for at, value in enumerate(one):
                self._seen[at].add(float(value))

    def corners(self, targets: Sequence[int], enough: int) -> None:
        """Look at far corners of the solutions, which show values of many unknowns at once."""
        drawn = np.random.default_rng(0)
        left = list(targets)
        for _ in range(_CORNERS):
            if len(left) <= _FEW:
                return
            weights = np.zeros(len(self._exact))
            weights[left] = drawn.normal(size=len(left))
            self._note(self._solve(weights))
            left = [at for at in left if len(self._seen[at]) < enough]

    def _ends(self, at: int) -> tuple[float, float] | None:
        one = np.zeros(len(self._exact))
        one[at] = 1.0
        lowest, highest = self._solve(one), self._solve(-one)
        if lowest is None or highest is None:
            return None
        if self._solve.whole:
            self._note(lowest)
            self._note(highest)
        return float(lowest[at]), float(highest[at])

    def whole(self, at: int, enough: int) -> bool:
        """Whether an unknown can take so many whole numbers."""
        if len(self._seen[at]) >= enough:
            return True
        ends = self._ends(at)
        if ends is None:
            # What he believes cannot be: then he learns nothing. Of what is so there is always a solution.
            return not self._known
        value, last = ends
        while len(self._seen[at]) < enough and value < last:
            value += 1
            if value not in self._seen[at]:
                self._note(self._solve(np.zeros(len(self._exact)), at, value))
        return len(self._seen[at]) >= enough

    def apart(self, at: int, distance: float) -> bool:
        """Whether the least and the largest number that an unknown can be lie so far apart."""
        ends = self._ends(at)
        return not self._known if ends is None else ends[1] - ends[0] >= distance - _TOLERANCE


@dataclass
class _Solver:
    """Whole numbers within bounds and relations; the smallest of a weighted sum, None where there is no solution.

    Corners of these systems nearly always are whole already. So each question goes to one linear programme that stays open,
    and begins where the last answer lies; only a broken corner is asked of a programme in whole numbers.
    """

    matrix: csr_array
    row_low: np.ndarray
    row_high: np.ndarray
    low: np.ndarray
    high: np.ndarray
    whole: bool

    def __call__(self, weights: np.ndarray, fixed: int | None = None, value: float = 0.0) -> np.ndarray | None:
        low, high = self.low, self.high
        if fixed is not None:
            low, high = low.copy(), high.copy()
            low[fixed] = high[fixed] = value
        corner = self._corners.lowest(weights, low, high)
        if corner is None or not self.whole:
            return corner
        whole = np.round(corner)
        return whole if self._solves(whole, corner, low, high) else self._in_whole_numbers(weights, low, high)

    @cached_property
    def _corners(self) -> Corners:
        return Corners(self.matrix, self.row_low, self.row_high)

    def _solves(self, whole: np.ndarray, corner: np.ndarray, low: np.ndarray, high: np.ndarray) -> bool:
        rows = self.matrix @ whole
        return bool(
            (np.abs(whole - corner) <= _TOLERANCE).all()
            and (low <= whole).all()
            and (whole <= high).all()
            and (rows >= self.row_low - _TOLERANCE).all()
            and (rows <= self.row_high + _TOLERANCE).all()
        )

    def _in_whole_numbers(self, weights: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray | None:
        found = milp(
            weights,
            integrality=np.ones(len(weights)),
            bounds=Bounds(low, high),
            constraints=[LinearConstraint(self.matrix, self.row_low, self.row_high)] if self.matrix.shape[0] else [],
        )
        return None if found.x is None else np.round(found.x)
