"""Disclosure control, once, at the release: what of the outcome tables may be public (spec 4.8).

Here: the register's allow-list of parts and breakdowns, what earlier releases hid, and the audit of every measure before it is
published: where a hidden count could be told after all, more is hidden, and in the end the whole table. The rules themselves:
`regime_a.py` and `regime_b.py`; the attacker: `audit.py`; what earlier releases published: `history.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from assets.release import regime_a, regime_b
from assets.release.audit import BELIEFS, ENOUGH, Belief, Published, Unknown, exposed, system
from assets.release.history import Earlier, Hidden, hidden
from assets.release.regime_b import HIDDEN, Asked, Cell, hidden_cells
from assets.release.relations import Count, Regime, counts_of, relations, values
from expectations.register import Measure

__all__ = ["Hidden", "allowed", "hidden", "publishable"]

_ROUNDS = 50


def publishable(figures: pd.DataFrame, measure: Measure, asked: Asked, small: int, before: Hidden) -> pd.DataFrame:
    """The rows of one measure that may be public, by its allow-list and its regime.

    Args:
        figures: tidy rows at full precision, of one measure.
        measure: its record in the register.
        asked: what rows depend on beside their counts.
        small: under regime A counts from 1 to one below this are small.
        before: what earlier releases published.
    """
    rows = allowed(figures, measure.public_parts, measure.public_breakdowns)
    if rows.empty:
        return rows
    earlier = before.of(str(rows["measure"].iloc[0]))
    if measure.disclosure_regime == "A":
        return _regime_a(rows, asked, small, earlier)
    if "area" not in measure.public_breakdowns:
        rows = rows[rows["area_code"] == asked.setting.area_code]
    return _regime_b(rows, asked, earlier)


def allowed(figures: pd.DataFrame, parts: Collection[str] | None, breakdowns: Collection[str]) -> pd.DataFrame:
    """Rows of the parts (None: all) and of the dimensions that may be public at all; a total has no dimension."""
    listed = figures["breakdown"].str.extract(r"^([^=]*)", expand=False).isin(["", *breakdowns])
    if parts is not None:
        listed &= figures["part"].isin(list(parts))
    return figures[listed]


# ---- regime A


def _regime_a(rows: pd.DataFrame, asked: Asked, small: int, earlier: Sequence[Earlier]) -> pd.DataFrame:
    """The public rows of one measure under regime A; the whole table is hidden where nothing less protects it."""
    measure = str(rows["measure"].iloc[0])
    rows = regime_a.detail_kept(rows, measure)
    exact = regime_a.counts(rows)
    below_total = regime_a.is_detail(rows, measure).to_numpy()
    detail = {count for place, count, _ in counts_of(rows, "A") if below_total[place] and count in exact}
    published = [_published(one, "A", exact) for one in earlier]
    hidden_before = {count for one in published for count in one.hidden}
    must = regime_a.small_counts(exact, detail, small) | (hidden_before & detail)
    members = asked.setting.priority_set
    table = regime_a.Table(measure, exact, frozenset(detail), frozenset(must), _telling(published), members)
    found = regime_a.to_hide(table)
    return regime_a.published(
        rows,
        frozenset(detail) if found is None else found,
        asked.setting.baseline_fy,
        against_baseline=asked.against_baseline,
    )


def _telling(earlier: Iterable[Published]) -> list[Published]:
    """Earlier releases each once."""
    found: list[Published] = []
    for one in earlier:
        if one not in found:
            found.append(one)
    return found


# ---- regime B


@dataclass(frozen=True)
class _Counted:
    """The rows of a measure under regime B that may be public, with the counts behind each."""

    rows: pd.DataFrame
    asked: Asked
    counts: Mapping[Cell, frozenset[Count]]
    exact: Mapping[Count, float]

    def published(self, cells: Collection[Cell], counts: Collection[Count]) -> tuple[pd.DataFrame, Published]:
        """The public rows with these hidden too, and what they show."""
        hide = {cell for cell, behind in self.counts.items() if not behind.isdisjoint(counts)}
        shown = regime_b.publishable(self.rows, self.asked, {*cells, *hide})
        said = list(counts_of(shown, "B"))
        exact = {count: self.exact[count] for _, count, _ in said if count in self.exact}
        return shown, Published(exact, frozenset(values(said)) & frozenset(exact))


def _regime_b(rows: pd.DataFrame, asked: Asked, earlier: Sequence[Earlier]) -> pd.DataFrame:
    """The public rows of one measure under regime B, with more hidden where a hidden count could be told."""
    if rows.empty:
        return rows
    measure = str(rows["measure"].iloc[0])
    rows = rows.reset_index(drop=True)
    cells = regime_b.cells(rows)
    behind: dict[Cell, set[Count]] = {}
    for place, count, _ in counts_of(rows, "B"):
        behind.setdefault(cells.iat[place], set()).add(count)
    counted = _Counted(
        rows, asked, {cell: frozenset(found) for cell, found in behind.items()}, values(counts_of(rows, "B"))
    )
    hidden_before = {cell for one in earlier for cell in hidden_cells(one.published)}
    published = _telling(_published(one, "B", counted.exact) for one in earlier)
    more = {count for one in published for count in one.hidden}
    for _ in range(_ROUNDS):
        shown, now = counted.published(hidden_before, more)
        new = _to_hide_too(measure, published, now)
        if new is None:
            return shown
        if not new:
            break
        more |= new
    return counted.published({*hidden_before, *cells}, ())[0]


def _to_hide_too(measure: str, earlier: Sequence[Published], now: Published) -> set[Count] | None:
    """Shown counts that must be hidden too; None where every hidden count is safe, nothing where no more can be hidden."""
    weak = _exposed(measure, earlier, now, always_small=True)
    if not weak:
        return None
    # What hiding everything would not protect either, an earlier release gave away.
    everything = Published(now.exact, frozenset(count for count in now.shown if now.exact[count] == 0))
    weak -= _exposed(measure, earlier, everything, weak, always_small=False)
    if not weak:
        return None
    near = _shown_beside({count for count, *_ in weak}, measure, now)
    if not near:
        # Nothing shows beside them but that they are hidden: then it must not be certain that they are small.
        weak = _exposed(measure, earlier, now, weak, always_small=False)
        return set() if weak else None
    for count in near:
        if not _exposed(measure, earlier, replace(now, shown=now.shown - {count}), weak, always_small=True):
            return {count}
    return set(near)


def _exposed(
    measure: str,
    earlier: Sequence[Published],
    now: Published,
    among: Collection[Unknown] | None = None,
    *,
    always_small: bool,
) -> set[Unknown]:
    """Hidden counts that an attacker narrows down too far, under any belief in what was not revised."""
    weak: set[Unknown] = set()
    earlier = [one for one in earlier if one != now]
    beliefs: tuple[Belief, ...] = BELIEFS if earlier else ("nothing",)
    zeros = any(now.exact[count] == 0 for count in now.hidden)
    for belief in beliefs:
        for known in (True, False) if zeros else (True,):
            found = system(measure, "B", earlier, now, belief=belief, always_small=always_small, zeros=known)
            weak |= exposed(found, ENOUGH["B"], among)
    return weak


def _shown_beside(hidden: Collection[Count], measure: str, now: Published) -> list[Count]:
    """Shown counts, none of them zero, in a relation with one of these or else with what is hidden beside them, smallest first."""
    bound = [{count for count, _ in relation.terms} for relation in relations(measure, "B", now.exact)]
    reached: set[Count] = set()
    beside = set(hidden)
    while beside - reached:
        reached |= beside
        beside = {count for counts in bound if counts & reached for count in counts}
        found = {count for count in beside & now.shown if now.exact[count]}
        if found:
            return sorted(found, key=lambda count: (now.exact[count], count))
    return []


# ---- earlier releases


def _published(one: Earlier, regime: Regime, now: Mapping[Count, float]) -> Published:
    """The counts of an earlier release, exact; where the exact ones are no longer there, as if none was revised since."""
    told: dict[Count, float] = {}
    hidden_then: set[Count] = set()
    marked = one.published["symbols"].fillna("").str.contains(HIDDEN, regex=False).to_numpy()
    for place, count, number in counts_of(one.published, regime):
        if not np.isnan(number):
            told[count] = number
        elif marked[place]:
            hidden_then.add(count)
    computed = values(counts_of(one.exact, regime)) if one.exact is not None else now
    exact = dict(told)
    for count, number in told.items():
        if regime == "B" and count in computed and regime_b.rounded(computed[count]) == number:
            exact[count] = computed[count]
    exact |= {count: computed[count] for count in hidden_then - set(told) if count in computed}
    return Published(exact, frozenset(told))
