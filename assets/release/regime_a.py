"""Disclosure regime A: which counts below the city's totals are hidden (spec 4.8). Pure.

Counts from 1 to 4 are hidden, and with them the fewest crimes more, so that nothing can be worked out from what still shows: no
row or column of the table has exactly one hidden count, and given all totals of this and of every earlier release each hidden
count can still be at least five numbers. Totals are always published. A count once hidden stays hidden.

The choice is the cell suppression problem of Fischetti and Salazar: the cheapest set of counts, by integer programming, against
an attacker by linear programming; each success of the attacker is a condition on the next choice. Here: the choice, and the rows
that follow from it. Not here: which parts may be public at all (`disclosure.py`), the proof afterwards (`audit.py`).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csc_array, csr_array

from assets.release.audit import BELIEFS, ENDLESS, ENOUGH, Belief, Published, Unknown, exposed, system
from assets.release.corners import Corners, Solved
from assets.release.regime_b import HIDDEN, HIDDEN_NOTE
from assets.release.relations import Count, Member, counts_of, relations, values
from methods.periods import start_year

#: Parts of a measure that lie below its published total.
DETAIL = {
    "SP01": ("neighbourhood",),
    "SP08": (
        "burglary", "robbery", "vehicle_crime",
        "domestic_burglary", "domestic_burglary_households", "theft_of_vehicle", "theft_from_vehicle",
    ),
}  # fmt: skip
DETAIL_KINDS = ("quarter", "fy")
NUMBERS = ("numerator", "denominator", "value", "lower", "upper")
CHANGES = ("change", "change_lower", "change_upper")
COMPARED = ("baseline_value", "previous_value", *CHANGES)
_SPREAD = ENOUGH["A"] - 1
_ROUNDS = 200
#: How many corners to try before single targets, and from how many targets on.
_CORNERS, _FEW = 16, 2
_TOLERANCE = 1e-6


def is_detail(figures: pd.DataFrame, measure: str) -> pd.Series:
    """Rows that lie below the published total: their counts may be hidden."""
    return figures["part"].isin(DETAIL.get(measure, ())) | (figures["breakdown"] != "")


def detail_kept(figures: pd.DataFrame, measure: str) -> pd.DataFrame:
    """The rows without those below the total that are of other periods than quarter and year: differences would tell a month."""
    return figures[~is_detail(figures, measure) | figures["period_kind"].isin(DETAIL_KINDS)].reset_index(drop=True)


@dataclass(frozen=True)
class Table:
    """The counts of one measure that are to be published.

    Attributes:
        measure: measure id.
        exact: every count, totals included.
        detail: those that may be hidden.
        small: those that must be: they are small, or an earlier release hid them.
        earlier: the counts of every earlier release.
        members: the priority set.
    """

    measure: str
    exact: Mapping[Count, float]
    detail: frozenset[Count]
    small: frozenset[Count]
    earlier: Sequence[Published] = ()
    members: Collection[Member] = ()


def small_counts(exact: Mapping[Count, float], detail: Collection[Count], below: int) -> frozenset[Count]:
    """Counts that are hidden for their own number."""
    return frozenset(count for count in detail if 0 < exact[count] < below)


def to_hide(table: Table) -> frozenset[Count] | None:
    """The counts to hide: the small ones and the fewest crimes more; None where nothing short of all would protect them."""
    if not table.small:
        return table.small
    found = _Choice.of(table).made()
    if found is None:
        return None
    return found if stands(table, found) else None


def stands(table: Table, hidden: Collection[Count]) -> bool:
    """Whether the audit lets this pattern pass: under every belief each hidden count is protected that could be by hiding all.

    Whoever believes too much finds more than any choice could keep from him; the newest release alone must stand in any case.
    """
    everything = {count for count in table.detail if table.exact[count] >= 1} | set(table.small)
    beliefs: tuple[Belief, ...] = BELIEFS if table.earlier else ("nothing",)
    for belief in beliefs:
        for zeros in (True, False) if any(table.exact[count] < 1 for count in table.small) else (True,):
            weak = _exposed(table, hidden, belief, zeros)
            sure = belief == "nothing" and zeros
            if weak and (sure or not weak <= _exposed(table, everything, belief, zeros)):
                return False
    return True


def _exposed(table: Table, hidden: Collection[Count], belief: Belief, zeros: bool) -> set[Unknown]:
    now = Published(table.exact, frozenset(table.exact) - frozenset(hidden))
    found = system(table.measure, "A", table.earlier, now, table.members, belief=belief, zeros=zeros)
    return exposed(found, ENOUGH["A"])


# ---- the cheapest pattern

#: A condition on the pattern: the unknown it protects, a weight for each unknown, and what the weights of the hidden must reach.
Condition = tuple[int, np.ndarray, float]


@dataclass
class _Choice:
    """Hide or show each count, so that the hidden total is least and every attack fails.

    Unknowns are moves away from the exact numbers: every relation keeps its sum, so moves sum to zero.
    """

    table: Table
    counts: list[Count]
    #: Exact numbers: of the counts of this release, then of unknowns that only earlier releases hid.
    exact: np.ndarray
    matrix: csc_array
    forced: np.ndarray
    usable: np.ndarray
    #: Counts that an earlier release showed with the same number.
    public: np.ndarray
    #: How many of the relations are of this release.
    own: int
    #: Place in `BELIEFS` of the strongest belief under which a pattern can protect an unknown; the first where not noted.
    level: dict[int, int] = field(default_factory=dict)
    cuts: list[Condition] = field(default_factory=list)
    #: Unknowns that those who take every hidden count for 1 at least narrow down whatever is hidden.
    misjudged: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, table: Table) -> _Choice:
        """The choice as a system: one column an unknown, one row a relation."""
        counts = sorted(table.detail)
        place: dict[tuple[Count, float], int] = {(count, table.exact[count]): at for at, count in enumerate(counts)}
        shown = {(count, r.exact[count]) for r in table.earlier for count in r.shown}
        exact = [table.exact[count] for count in counts]
        for release in table.earlier:
            for count in sorted(release.hidden):
                key = (count, release.exact[count])
                if key not in place and key not in shown:
                    place[key] = len(exact)
                    exact.append(release.exact[count])
        rows: dict[tuple[tuple[int, float], ...], None] = {}
        for relation in relations(table.measure, "A", table.exact, table.members):
            terms = [(place[c, table.exact[c]], factor) for c, factor in relation.terms if c in table.detail]
            if terms:
                rows[tuple(sorted(terms))] = None
        own = len(rows)
        for release in table.earlier:
            for relation in relations(table.measure, "A", release.exact, table.members):
                unknown = [
                    (place[count, release.exact[count]], factor)
                    for count, factor in relation.terms
                    if count not in release.shown and (count, release.exact[count]) not in shown
                ]
                if unknown:
                    rows[tuple(sorted(unknown))] = None
        entries = [(row, at, factor) for row, terms in enumerate(rows) for at, factor in terms]
        matrix = csc_array(
            ([e[2] for e in entries], ([e[0] for e in entries], [e[1] for e in entries])), shape=(len(rows), len(exact))
        )
        number = np.array(exact)
        forced = np.array([at >= len(counts) or counts[at] in table.small for at in range(len(exact))])
        public = np.array([at < len(counts) and (counts[at], exact[at]) in shown for at in range(len(exact))])
        return cls(table, counts, number, matrix, forced, forced | (number >= 1), public, own)

    def made(self) -> frozenset[Count] | None:
        """The pattern, or None where there is none."""
        for _ in range(_ROUNDS):
            hidden = self._cheapest()
            if hidden is None:
                if not self._give_up():
                    return None
                continue
            new = self._alone(hidden) or self._attacks(hidden)
            if not new:
                return frozenset(count for at, count in enumerate(self.counts) if hidden[at])
            self.cuts += new
        return None

    def _cheapest(self) -> np.ndarray | None:
        """The pattern of least hidden total that meets every condition so far."""
        size = len(self.exact)
        # Among equals the first in order, so that the same data give the same pattern.
        cost = np.where(self.forced, 0.0, np.maximum(self.exact, 0.0) + np.arange(size) / (1000.0 * size))
        rows = []
        for target, row, need in self.cuts:
            whole = row.copy()
            whole[target] -= need
            rows.append(whole)
        constraints = [LinearConstraint(csr_array(np.array(rows)), 0.0, np.inf)] if rows else []
        found = milp(
            cost,
            integrality=np.ones(size),
            bounds=Bounds(self.forced.astype(float), self.usable.astype(float)),
            constraints=constraints,
            options={"mip_rel_gap": 0.0},
        )
        return None if found.x is None else found.x > 0.5

    def _alone(self, hidden: np.ndarray) -> list[Condition]:
        """A condition for each hidden count that is the only one of a row or column: it must not be alone."""
        rows = csr_array(self.matrix)
        found = []
        for row in range(rows.shape[0]):
            members = rows.indices[rows.indptr[row] : rows.indptr[row + 1]]
            inside = members[hidden[members]]
            if len(inside) == 1 and not self._settled(int(inside[0])):
                condition = np.zeros(len(self.exact))
                condition[members] = _SPREAD
                condition[inside[0]] = 0.0
                found.append((int(inside[0]), condition, float(_SPREAD)))
        return found

    def _level(self, at: int) -> int:
        """Under which belief an unknown is to be protected: one that was shown with this number, not under the first."""
        return max(self.level.get(at, 0), int(self.public[at]))

    def _settled(self, at: int) -> bool:
        """Whether nothing done now can protect this unknown: it is of an earlier release, and that one gave it away."""
        return at >= len(self.counts) and self._level(at) > 0

    def _attacks(self, hidden: np.ndarray) -> list[Condition]:
        """A condition for each hidden count that an attacker narrows down to fewer than five numbers."""
        found = []
        for level in range(len(BELIEFS)):
            mine = [
                int(at) for at in np.flatnonzero(hidden) if self._level(int(at)) == level and not self._settled(int(at))
            ]
            if mine:
                found += self._attack(hidden, level).on(mine)
            if mine and not found and (self.exact[hidden] < 1).any():
                found += self._attack(hidden, level, zeros=False).on([at for at in mine if at not in self.misjudged])
        return found

    def _attack(self, hidden: np.ndarray, level: int, *, zeros: bool = True) -> _Attack:
        still = self.public if level == 0 else np.zeros(len(self.exact), dtype=bool)
        matrix = self.matrix if level < 2 else csc_array(csr_array(self.matrix)[: self.own])
        return _Attack(matrix, self.exact, hidden & ~still, still, zeros)

    def _give_up(self) -> bool:
        """Note which unknowns even hiding everything would not protect under their belief; whether there are any new ones."""
        new = False
        for level in range(len(BELIEFS) - 1):
            targets = [int(at) for at in np.flatnonzero(self.usable) if self._level(int(at)) == level]
            for target, *_ in self._attack(self.usable, level).on([at for at in targets if not self._settled(at)]):
                self.level[target], new = level + 1, True
        if not new:
            return self._misjudge()
        self.cuts = [cut for cut in self.cuts if cut[0] not in self.level]
        return new

    def _misjudge(self) -> bool:
        """Note which unknowns hiding everything would not protect from those who take every hidden count for 1 at least."""
        new: set[int] = set()
        if (self.exact[self.usable] < 1).any():
            for level in range(len(BELIEFS)):
                targets = [int(at) for at in np.flatnonzero(self.usable) if self._level(int(at)) == level]
                attack = self._attack(self.usable, level, zeros=False)
                new |= {target for target, *_ in attack.on([at for at in targets if not self._settled(at)])}
        new -= self.misjudged
        self.misjudged |= new
        self.cuts = [cut for cut in self.cuts if cut[0] not in self.misjudged] if new else self.cuts
        return bool(new)


#: Lower and upper end of each unknown.
Ends = tuple[np.ndarray, np.ndarray]


@dataclass
class _Attack:
    """The attacker by linear programming: how far each hidden count can move, and why no further."""

    matrix: csc_array
    exact: np.ndarray
    moving: np.ndarray
    still: np.ndarray
    #: Whether he knows which hidden counts are zero; else he takes each for 1 at least.
    zeros: bool = True

    def on(self, targets: Sequence[int]) -> list[Condition]:
        """Of the targets those that move over fewer than five numbers, each with a condition that any better pattern meets."""
        columns = np.flatnonzero(self.moving)
        part = csr_array(self.matrix[:, columns])
        busy = np.flatnonzero(np.diff(part.indptr))
        part = part[busy]
        place = {int(at): where for where, at in enumerate(columns)}
        least = (
            np.minimum(1.0, self.exact) if self.zeros else np.where(self.exact > 0, np.minimum(1.0, self.exact), 1.0)
        )
        down = self.exact - least
        # Not to move at all is possible, but for a zero that is taken for more.
        started = 0.0 if (down >= 0).all() else np.inf
        low, high = np.full(len(columns), started), np.full(len(columns), -started)
        ends = (-down[columns], np.full(len(columns), float(ENDLESS)))
        corners = Corners(part, np.zeros(len(busy)), np.zeros(len(busy)))
        drawn = np.random.default_rng(0)
        # Far corners of what is possible clear many targets at once.
        for _ in range(_CORNERS):
            left = [place[target] for target in targets if high[place[target]] - low[place[target]] < _SPREAD]
            if len(left) <= _FEW:
                break
            weights = np.zeros(len(columns))
            weights[left] = drawn.normal(size=len(left))
            _moved(corners, weights, ends, (low, high))
        found = []
        for target in targets:
            at = place[target]
            if high[at] - low[at] >= _SPREAD:
                continue
            condition = np.zeros(len(self.exact))
            for sign in (1.0, -1.0):
                weights = np.zeros(len(columns))
                weights[at] = -sign
                solved = _moved(corners, weights, ends, (low, high))
                if solved is None:
                    # What he believes cannot be, so he learns nothing.
                    return []
                price = np.zeros(self.matrix.shape[0])
                price[busy] = solved.prices
                pull = np.zeros(len(self.exact))
                pull[target] = sign
                pull += self.matrix.T @ price
                pull[np.abs(pull) < _TOLERANCE] = 0.0
                condition += np.maximum(pull, 0.0) * ENDLESS + np.maximum(-pull, 0.0) * down
            if high[at] - low[at] < _SPREAD - _TOLERANCE:
                condition[self.still] = 0.0
                # Zeros taken for more are hidden in any case: what they take from a move, others must give.
                need = _SPREAD + float(-np.minimum(condition, 0.0).sum())
                found.append((target, np.clip(condition, 0.0, need), need))
        return found


def _moved(corners: Corners, weights: np.ndarray, ends: Ends, reached: Ends) -> Solved | None:
    """The move of least weighted sum within its ends; how far any unknown moved in it is noted in `reached`."""
    solved = corners.solved(weights, *ends)
    if solved is not None:
        low, high = reached
        np.minimum(low, solved.values, out=low)
        np.maximum(high, solved.values, out=high)
    return solved


# ---- the rows that follow


def published(
    figures: pd.DataFrame, hidden: Collection[Count], baseline_fy: str | None, *, against_baseline: bool
) -> pd.DataFrame:
    """The rows with every number of a hidden count empty and marked `[c]`, and out of all comparisons.

    Args:
        figures: the rows of one measure that may be public.
        hidden: the counts to hide.
        baseline_fy: financial year of the baseline, or None.
        against_baseline: whether `change` is measured from the baseline year, else from one year before.
    """
    shown = figures.copy()
    hide = np.zeros(len(shown), dtype=bool)
    at_base, at_previous = hide.copy(), hide.copy()
    for place, count, _ in counts_of(shown, "A"):
        *series, start = count
        hide[place] |= count in hidden
        year, later = int(start[:4]), start[4:]
        at_previous[place] |= (*series, f"{year - 1}{later}") in hidden
        if baseline_fy:
            base = start_year(baseline_fy) + (later < "-04")
            at_base[place] |= (*series, f"{base}{later}") in hidden
    hide &= ~shown["symbols"].str.contains("[x]", regex=False).to_numpy()
    shown.loc[hide, [*NUMBERS, *COMPARED]] = math.nan
    shown.loc[at_base, "baseline_value"] = math.nan
    shown.loc[at_previous, "previous_value"] = math.nan
    # A hidden figure also stands in other rows, as what they are compared with.
    uncompared = hide | (at_base if against_baseline else at_previous)
    shown.loc[uncompared, list(CHANGES)] = math.nan
    shown.loc[uncompared, "comparison"] = ""
    shown.loc[hide, "symbols"] = HIDDEN
    shown.loc[hide, "note"] = HIDDEN_NOTE
    shown.loc[hide, "method"] = ""
    return shown


def counts(figures: pd.DataFrame) -> dict[Count, float]:
    """The number of every count of the rows."""
    return values(counts_of(figures, "A"))
