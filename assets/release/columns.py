"""What each column of the published figures is: its title, its meaning and its kind, once for all files made of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from assets.release import words
from assets.release.folder import COLUMNS
from assets.release.gate import State
from assets.release.view import BoardStatus
from expectations.contracts import outcome

Kind = Literal["text", "number", "date", "symbols"]

#: What makes a row one figure.
KEY = outcome.KEY


@dataclass(frozen=True)
class Column:
    """One column. `allowed` are all values that it can have, where they are few; `always`: it is never empty."""

    name: str
    title: str
    meaning: str
    kind: Kind
    allowed: tuple[str, ...] = ()
    always: bool = False


_TITLES = {
    "measure": "Measure",
    "part": "Part",
    "breakdown": "Breakdown",
    "area_code": "Area code",
    "area_name": "Area",
    "period_kind": "Kind of period",
    "period_start": "First day",
    "period_end": "Last day",
    "unit": "Unit",
    "numerator": "Numerator",
    "denominator": "Denominator",
    "value": "Value",
    "lower": "Lower 95% limit",
    "upper": "Upper 95% limit",
    "method": "Method of the interval",
    "baseline_value": "Value in the baseline year",
    "previous_value": "Value a year before",
    "change": "Change",
    "change_lower": "Change: lower 95% limit",
    "change_upper": "Change: upper 95% limit",
    "comparison": "Comparison",
    "board_status": "Board status",
    "state": "State in this release",
    "as_at": "Data as at",
    "symbols": "Symbols",
    "note": "Note",
}
_MEANINGS = {
    "breakdown": "dimension=value, or empty for the total",
    "period_kind": "kind of period: month, quarter, financial year (fy), year to date (ytd) or 12 months to a month's end (r12)",
    "method": "method of the interval, or empty where there is none",
    "comparison": "what the change amounts to, in a word; empty where nothing is compared",
    "board_status": "what the Board has decided about the measure",
    "state": "whether the measure is published, held at its last good figures, or in development",
    "symbols": "why a figure is not there or how far it can be relied on: "
    + ", ".join(f"[{symbol}] {word}" for symbol, word, _ in words.SYMBOLS),
    "note": "what a reader must know of the figure, in words",
}
_DATES = ("period_start", "period_end", "as_at")
_ALLOWED = {
    "period_kind": outcome.PERIOD_KINDS,
    "comparison": outcome.COMPARISONS,
    "board_status": get_args(BoardStatus),
    "state": get_args(State),
}
_ALWAYS = frozenset({"measure", "period_kind", "period_start", "period_end", "board_status", "state"})


def _column(name: str) -> Column:
    contract = {c.name: c for c in outcome.COLUMNS}
    kind: Kind = "symbols" if name == "symbols" else "date" if name in _DATES else "text"
    if name in contract and contract[name].type == "float":
        kind = "number"
    meaning = _MEANINGS.get(name) or contract[name].meaning
    return Column(name, _TITLES[name], meaning, kind, _ALLOWED.get(name, ()), name in _ALWAYS)


#: Every column of `outcomes.csv`, in its order.
FIGURES: tuple[Column, ...] = tuple(_column(name) for name in COLUMNS)
