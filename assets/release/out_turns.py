"""Out-turns: the figure of a financial year as it was first final, which later data do not change (spec 4.9, SP01). Pure.

On the set date (31 May, or when the measure's year matures, if that is later) the figures of a financial year become its
out-turn. A later computation that differs stands beside it, in a row of its own whose `part` ends in `_recomputed`: so the
columns of `outcomes.csv` stay as they are, one row is still one figure, and who reads a part reads one series. The out-turn
of the baseline year is what later years are compared with.

Here: which rows are an out-turn, and what is recomputed. Not here: the mark `[r]` and the table of revisions
(`revisions.py`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, cast

import pandas as pd

from assets.outcomes.tidy import Figure, compare_rates
from assets.release.regime_b import HIDDEN
from assets.release.view import RECOMPUTED
from expectations.contracts.outcome import KEY
from expectations.register import Measure
from methods.change import Polarity, direction_word, mover_difference
from methods.maturity import final_from
from methods.periods import financial_year

NUMBERS = ("value", "numerator", "denominator", "lower", "upper")
OUT_TURN_NOTE = "out-turn as it was first final; later data beside it, as recomputed"
RECOMPUTED_NOTE = "recomputed from later data; the out-turn stays as it was first final"
REVISED = "[r]"
#: What of a row stays as it was first final; state and decision are those of the day.
_FROZEN = (
    *NUMBERS, "method", "baseline_value", "previous_value", "change", "change_lower", "change_upper", "comparison",
    "as_at", "note",
)  # fmt: skip
_JUDGING = ("improved", "worsened", "no significant change")
_TOLERANCE = 1e-9


#: Part, breakdown, area and first day of a year's figure.
_Cell = tuple[str, str, str, str]
_Row = dict[str, Any]


@dataclass(frozen=True)
class Settled:
    """The rows of one measure with its out-turns; for each year that has one, the date of evaluation that first had it."""

    rows: pd.DataFrame
    final: Mapping[str, str]


@dataclass(frozen=True)
class Given:
    """What the out-turns of a measure depend on beside its rows.

    Attributes:
        as_of: date of evaluation.
        final_on: month and day after its end on which a year is final, `MM-DD`.
        baseline: financial year of the baseline, such as `2013-14`, or None.
        against_baseline: whether changes of this measure are measured from that year.
        polarity: what the word for a judged change follows.
        before: rows of the last good release; None before the first.
        final: years that were final then, and since when.
    """

    as_of: date
    final_on: str
    baseline: str | None = None
    against_baseline: bool = False
    polarity: Polarity = "none"
    before: pd.DataFrame | None = None
    final: Mapping[str, str] = field(default_factory=dict)


def final_date(year: str, measure: Measure, final_on: str) -> date:
    """First day on which a financial year of a measure is an out-turn: the set date, or its maturity if that is later."""
    end = f"{int(year[:4]) + 1}-03-31"
    matured = final_from(end, measure.maturity_months, measure.maturity_days)
    set_date = date.fromisoformat(f"{end[:4]}-{final_on}")
    return max(set_date, matured) if matured else set_date


def settle(rows: pd.DataFrame, measure: Measure, given: Given) -> Settled:
    """Public rows of one measure, with the out-turn where a year has one, and beside it what differs now."""
    now = cast("list[_Row]", rows.to_dict("records"))
    there = {_year(row) for row in now if row["period_kind"] == "fy" and _told(row)}
    due = {year for year in there | set(given.final) if final_date(year, measure, given.final_on) <= given.as_of}
    final = {year: given.final.get(year, given.as_of.isoformat()) for year in sorted(due)}
    before = cast("list[_Row]", [] if given.before is None else given.before.to_dict("records"))
    out_turns = {
        _cell(row): row
        for row in before
        if row["period_kind"] == "fy" and _year(row) in due & set(given.final) and _told(row) and _is_own(row)
    }
    made: list[_Row] = []
    moved: dict[_Cell, _Row] = {}
    for row in now:
        out_turn = out_turns.get(_cell(row)) if row["period_kind"] == "fy" else None
        if out_turn is None:
            made.append(row)
            continue
        kept = row | {name: out_turn[name] for name in _FROZEN} | {"symbols": unmarked(out_turn["symbols"])}
        if same_numbers(row, kept):
            made.append(kept)
            continue
        moved[_cell(row)] = kept
        made.append(kept | {"note": _noted(kept["note"], OUT_TURN_NOTE)})
        made.append(row | {"part": row["part"] + RECOMPUTED, "note": _noted(row["note"], RECOMPUTED_NOTE)})
    if not out_turns:
        return Settled(rows, final)
    made = [_against(row, moved, given) if _year(row) not in due else row for row in made]
    table = pd.DataFrame(made, columns=list(rows.columns)).astype(rows.dtypes.to_dict())
    return Settled(table.sort_values(list(KEY), ignore_index=True) if moved else table, final)


def as_computed(rows: pd.DataFrame) -> pd.DataFrame:
    """Published rows of one release as it computed them: each recomputed year in the place of its out-turn.

    What was computed at one time adds up; an out-turn and its newer parts do not.
    """
    again = rows["part"].str.endswith(RECOMPUTED)
    if not again.any():
        return rows
    own = rows.assign(part=rows["part"].str.removesuffix(RECOMPUTED))
    cells = own[list(KEY)].apply(tuple, axis=1)
    return own[again | ~cells.isin(set(cells[again]))].reset_index(drop=True)


def unmarked(symbols: str) -> str:
    """Symbols without the mark of a revision, which every release sets anew."""
    return " ".join(s for s in symbols.split() if s != REVISED)


def same_numbers(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two rows say the same: their numbers, but for the last digits of a float, and what is hidden."""
    same = all(same_number(one[name], other[name]) for name in NUMBERS)
    return same and (HIDDEN in one["symbols"]) == (HIDDEN in other["symbols"])


def same_number(one: float, other: float) -> bool:
    """Whether two numbers are one, but for the last digits; none is the same as none."""
    if one != one or other != other:
        return one != one and other != other
    return math.isclose(one, other, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)


def _against(row: _Row, out_turns: Mapping[_Cell, _Row], given: Given) -> _Row:
    """A yearly row compared with the out-turn of the baseline year, where that differs from what is computed now."""
    if row["period_kind"] != "fy" or not given.baseline or row["baseline_value"] != row["baseline_value"]:
        return row
    then = out_turns.get((row["part"], row["breakdown"], row["area_code"], f"{given.baseline[:4]}-04-01"))
    if then is None or not _is_own(row):
        return row
    row = row | {"baseline_value": then["value"]}
    if not given.against_baseline or row["change"] != row["change"] or then["value"] != then["value"]:
        return row
    change = mover_difference(_figure(row), _figure(then))
    limited = row["change_lower"] == row["change_lower"]
    word = row["comparison"]
    if word in _JUDGING:
        word = direction_word(change, given.polarity)
    elif word:
        counted = all(n == n for n in (row["numerator"], then["numerator"]))
        word = compare_rates(_figure(row), _figure(then)).word if counted else direction_word(change, "none")
    limits = {"change_lower": change.lower, "change_upper": change.upper} if limited else {}
    return row | {"change": row["value"] - then["value"], "comparison": word} | limits


def _figure(row: Mapping[str, Any]) -> Figure:
    return Figure(row["value"], row["lower"], row["upper"], numerator=row["numerator"], denominator=row["denominator"])


def _cell(row: Mapping[str, Any]) -> _Cell:
    return row["part"], row["breakdown"], row["area_code"], row["period_start"]


def _year(row: Mapping[str, Any]) -> str:
    return financial_year(str(row["period_end"])[:7])


def _told(row: Mapping[str, Any]) -> bool:
    """Whether a row says something: a value, or that it is hidden."""
    return row["value"] == row["value"] or HIDDEN in row["symbols"]


def _is_own(row: Mapping[str, Any]) -> bool:
    return not str(row["part"]).endswith(RECOMPUTED)


def _noted(note: str, said: str) -> str:
    return note if said in note else f"{note}; {said}".removeprefix("; ")
