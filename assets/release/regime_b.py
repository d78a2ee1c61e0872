"""Disclosure regime B: what may be public of people using services, surveys and flags (spec 4.8). Pure.

Counts of 1 to 7 are hidden, all others rounded to the nearest 5, and every other figure is worked from the rounded counts
alone: a percentage worked from exact counts beside rounded ones gives the exact ones away. So whatever differs only inside
the rounding is published as the same bytes. No secondary hiding: the rounding of every neighbour covers a hidden cell; a cell
once hidden stays hidden, for a later count beside the totals of the release before could narrow it down.

Here: from the internal rows of one measure to its public ones. Not here: which parts may be public at all
(`disclosure.py`), regime A.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

import numpy as np
import pandas as pd

from assets.outcomes.series import count_figure, share_figure
from assets.outcomes.tidy import Change, Figure, Setting, compare_counts, compare_rates, compare_shares
from methods.periods import start_year
from methods.rates import rate
from methods.rounding import half_up, round_to

BASE = 5
#: Counts from 1 to this one are hidden.
LARGEST_HIDDEN = 7
#: Percentages are given from this denominator on.
PERCENT_FROM = 10
PERIOD_KINDS = ("quarter", "fy")
HIDDEN, ABSENT, UNRELIABLE = "[c]", "[x]", "[u]"
ROUNDED_NOTE = "counts rounded to the nearest 5, 1 to 7 hidden"
HIDDEN_NOTE = "hidden to protect people"
FEW_ANSWERED_NOTE = "few of those asked answered: low reliability"
#: Part of a survey's table that says how many of those asked answered.
RESPONSE_PART = "response_rate"

#: One cell of the published table: measure, part, breakdown, area, kind of period, first day.
Cell = tuple[str, str, str, str, str, str]
Form = Literal["count", "share", "rate", ""]

_CELL = ["measure", "part", "breakdown", "area_code", "period_kind", "period_start"]
_SERIES = ["part", "breakdown", "area_code"]
_PER = re.compile(r" per (\d+)\b")
#: Symbols that come from the calendar or the definition, never from a count.
_KEPT_SYMBOLS = ("[b]", "[z]")
_JUDGING = ("improved", "worsened", "no significant change")
_TOLERANCE = 1e-9

#: Numbers that no count of people can be: months, quarters, financial years, days, and the leap day.
_DATES = re.compile(
    r"\b\d{4}-\d{2}(-\d{2}|Q[1-4])?\b"
    r"|\b\d{4}/\d{2}\b"
    r"|\b(\d{1,2} )?(January|February|March|April|May|June|July|August|September|October|November|December)( \d{4})?\b"
    r"|\b(mid-|from |before |since )\d{4}\b"
)
_MONTHS_MISSING = re.compile(r" and \d+ more not delivered$")
#: Sentences that depend on the calendar, or on a zero, which is published; any other that stands on some rows of a series
#: only may depend on a count.
_SOMETIMES = re.compile(
    r"not delivered$|29 February, no day adjustment$|\bsince \w+ \d{4}$|^nobody in the denominator$"
)
#: Terms and percentages, such as "28 days" or "30%": no number of people has these units.
_TERMS = re.compile(r"\b(\d+)(?: working)? (?:day|week|month|year)s?\b|\b(\d+(?:\.\d+)?)%")


@dataclass(frozen=True)
class Asked:
    """What a measure's public rows depend on beside its counts.

    Attributes:
        setting: area, baseline year, polarity and mode of the measure.
        against_baseline: whether a change is measured from the baseline year, else from one year before.
        terms: numbers that a note may say: the days, months and percentages of the register.
        response_below: a survey that a smaller share of those asked answered is of low reliability.
    """

    setting: Setting
    against_baseline: bool = False
    terms: frozenset[float] = frozenset()
    response_below: float = 0.3


def publishable(figures: pd.DataFrame, asked: Asked, hidden_before: Collection[Cell] = ()) -> pd.DataFrame:
    """The public rows of one measure under regime B.

    Rows of other periods than quarter and year, and series whose figures do not follow from counts (a median, a mean), are
    left out; they are for analysts.

    Args:
        figures: tidy rows at full precision, of parts and breakdowns that may be public.
        asked: what else the rows depend on.
        hidden_before: cells that an earlier release hid.
    """
    rows = figures[figures["period_kind"].isin(PERIOD_KINDS)].reset_index(drop=True)
    rows = rows.assign(form=_forms(rows))
    rows = rows[rows["form"] != ""].reset_index(drop=True)
    if rows.empty:
        return rows.drop(columns="form")
    counted = rows["numerator"].map(rounded)
    # The denominator of a rate is residents, which everybody may know.
    among = rows["denominator"].where(rows["form"] == "rate", rows["denominator"].map(rounded))
    hidden = rows["value"].notna() & (_too_telling(rows, counted, among) | cells(rows).isin(set(hidden_before)))
    hidden |= rows["symbols"].str.contains(HIDDEN, regex=False)
    shown = rows["value"].notna() & ~hidden
    made = [
        _figure(form, n, 0.0 if np.isnan(d) else d, unit) if there else Figure()
        for form, n, d, unit, there in zip(rows["form"], counted, among, rows["unit"], shown, strict=True)
    ]
    rows = _with_figures(rows, made)
    rows = _with_changes(rows, made, asked)
    few = shown & (rows["form"] == "share") & _few_answered(figures, rows, asked.response_below)
    return _with_words(rows, made, hidden, few, asked.terms).drop(columns="form")


def hidden_cells(published: pd.DataFrame) -> set[Cell]:
    """Which cells a release hid, from its published rows."""
    return set(cells(published[published["symbols"].fillna("").str.contains(HIDDEN, regex=False)]))


def rounded(count: float) -> float:
    """A count as it may be public: to the nearest 5, halves up; NaN where it is hidden or there is none (golden SDC-2)."""
    if np.isnan(count) or 0 < count < LARGEST_HIDDEN + 1:
        return np.nan
    return float(round_to(int(np.floor(count + 0.5)), BASE))


@cache
def numberless(said: str, terms: frozenset[float]) -> bool:
    """Whether a sentence holds no number but dates and those terms (days, months, percentages)."""

    def without(found: re.Match[str]) -> str:
        return "" if float(found[1] or found[2]) in terms else found[0]

    left = _TERMS.sub(without, _DATES.sub("", _MONTHS_MISSING.sub("", said)))
    return not re.search(r"\d", left)


# ---- what follows from counts, and what they give away


def _forms(rows: pd.DataFrame) -> pd.Series:
    """How the value of each row follows from its counts; empty text for every row of a series where one does not."""
    n, d, value = rows["numerator"], rows["denominator"], rows["value"]
    per = pd.to_numeric(rows["unit"].str.extract(_PER, expand=False))
    share, rated = rows["unit"] == "%", per.notna()
    expected = (per.where(~share, 100.0) * n / d.where(d > 0)).where(share | rated, n.where(d.isna()))
    follows = (value - expected).abs() <= _TOLERANCE * (1 + value.abs())
    other = (value.notna() & ~follows).groupby([rows[name] for name in _SERIES]).transform("any")
    form = np.select([other, share, rated], ["", "share", "rate"], "count")
    return pd.Series(form, index=rows.index, dtype=object)


def _too_telling(rows: pd.DataFrame, counted: pd.Series, among: pd.Series) -> pd.Series:
    """Figures that are hidden for their counts."""
    share = rows["form"] == "share"
    # A hidden denominator fails both comparisons.
    few = share & ~((among >= PERCENT_FROM) & (counted <= among))
    # Nobody or everybody of a kind of people says something of each of them.
    all_or_none = share & (rows["breakdown"] != "") & ((counted == 0) | (counted == among))
    return counted.isna() | few | all_or_none


def cells(rows: pd.DataFrame) -> pd.Series:
    """Which cell of the published table each row is."""
    return pd.Series(list(zip(*(rows[name] for name in _CELL), strict=True)), index=rows.index, dtype=object)


@cache
def _figure(form: Form, numerator: float, denominator: float, unit: str) -> Figure:
    """The figure that follows from published counts, at full precision."""
    if form == "share":
        return share_figure(numerator, denominator)
    if form == "count":
        return count_figure(numerator)
    per = _PER.search(unit)
    found = rate(numerator, denominator, float(per[1]) if per else 1000.0)
    return Figure(found.value, found.lower, found.upper, found.method, numerator, denominator)


def _few_answered(figures: pd.DataFrame, rows: pd.DataFrame, below: float) -> pd.Series:
    """Rows of periods in which, by the rounded counts, too few of those asked answered."""
    asked = figures[(figures["part"] == RESPONSE_PART) & (figures["breakdown"] == "")]
    few = asked[asked["numerator"].map(rounded) < below * asked["denominator"].map(rounded)]
    periods = set(zip(few["period_kind"], few["period_start"], strict=True))
    at = pd.Series(list(zip(rows["period_kind"], rows["period_start"], strict=True)), index=rows.index, dtype=object)
    return at.isin(periods) & (rows["part"] != RESPONSE_PART)


# ---- how it is written


def _with_figures(rows: pd.DataFrame, made: Sequence[Figure]) -> pd.DataFrame:
    """Rows with the numbers that follow from the published counts; percentages are whole numbers."""
    printed = [
        float(half_up(f.value, 0)) if form == "share" and f.known else f.value
        for form, f in zip(rows["form"], made, strict=True)
    ]
    limited = (rows["lower"].notna() & rows["upper"].notna()).tolist()
    return rows.assign(
        numerator=[f.numerator for f in made],
        denominator=[f.denominator for f in made],
        value=printed,
        # A bound has no limits, whatever its counts would allow.
        lower=[f.lower if there else np.nan for f, there in zip(made, limited, strict=True)],
        upper=[f.upper if there else np.nan for f, there in zip(made, limited, strict=True)],
        method=[
            "" if not f.known else f.method if there else own
            for f, there, own in zip(made, limited, rows["method"], strict=True)
        ],
    )


def _with_changes(rows: pd.DataFrame, made: Sequence[Figure], asked: Asked) -> pd.DataFrame:
    """Rows with the published figures they are compared with, and the change between the two as far as one was made."""
    at = {cell: place for place, cell in enumerate(cells(rows))}
    year = rows["period_start"].str[:4].astype(int)
    previous = _places(rows, at, year - 1)
    base = asked.setting.baseline_fy
    ends_in_march = rows["period_start"].str[5:7] < "04"
    baseline = _places(rows, at, start_year(base) + ends_in_march) if base else [None] * len(rows)
    then = [made[p] if p is not None else Figure() for p in (baseline if asked.against_baseline else previous)]
    judged, neutral = (_comparisons(replace(asked.setting, assessment_mode=mode)) for mode in ("direction", "none"))
    changes = [
        (judged if word in _JUDGING else neutral)[form](f, t) if told and f.known and t.known else Change()
        for form, f, t, word, told in zip(
            rows["form"], made, then, rows["comparison"], rows["change"].notna(), strict=True
        )
    ]
    limited = rows["change_lower"].notna() & rows["change_upper"].notna()
    return rows.assign(
        previous_value=_values(rows, previous, rows["previous_value"].notna()),
        baseline_value=_values(rows, baseline, rows["baseline_value"].notna()),
        change=[c.value for c in changes],
        change_lower=[c.lower if there else np.nan for c, there in zip(changes, limited, strict=True)],
        change_upper=[c.upper if there else np.nan for c, there in zip(changes, limited, strict=True)],
        # A word where the measure gave one, and of the same kind: some of its parts are judged, others are not.
        comparison=[c.word if word else "" for c, word in zip(changes, rows["comparison"], strict=True)],
    )


def _comparisons(setting: Setting) -> Mapping[str, Callable[[Figure, Figure], Change]]:
    return {"count": compare_counts(setting), "share": compare_shares(setting), "rate": compare_rates}


def _places(rows: pd.DataFrame, at: Mapping[Cell, int], years: Iterable[int]) -> list[int | None]:
    """Where the same cell of another calendar year stands, for each row."""
    return [at.get((*cell[:5], f"{year}{cell[5][4:]}")) for cell, year in zip(cells(rows), years, strict=True)]


def _values(rows: pd.DataFrame, places: Iterable[int | None], wanted: Iterable[bool]) -> list[float]:
    return [
        np.nan if place is None or not there else float(rows["value"].iat[place])
        for place, there in zip(places, wanted, strict=True)
    ]


def _with_words(
    rows: pd.DataFrame, made: Sequence[Figure], hidden: pd.Series, few: pd.Series, terms: frozenset[float]
) -> pd.DataFrame:
    """Rows with the symbols and notes that follow from what is published."""
    symbols, notes = [], []
    for f, said, note, h, u in zip(made, rows["symbols"], _public_notes(rows, terms), hidden, few, strict=True):
        kept = [s for s in _KEPT_SYMBOLS if s in said.split()]
        own = HIDDEN if h else UNRELIABLE if u or f.symbols else "" if f.known else "" if "[z]" in kept else ABSENT
        symbols.append(" ".join(s for s in (*kept, own) if s))
        why = HIDDEN_NOTE if h else FEW_ANSWERED_NOTE if u else ""
        notes.append("; ".join(n for n in (ROUNDED_NOTE, why, note) if n))
    return rows.assign(symbols=symbols, note=notes)


def _public_notes(rows: pd.DataFrame, terms: frozenset[float]) -> list[str]:
    """What of each note may be public: what holds for a whole series or follows from the calendar, and holds no count."""
    said = [note.split("; ") if note else [] for note in rows["note"]]
    series = list(zip(*(rows[name] for name in _SERIES), strict=True))
    answered = rows["value"].notna() | rows["symbols"].str.contains(HIDDEN, regex=False)
    always: dict[tuple[str, ...], set[str]] = {}
    for key, sentences in (pair for pair, there in zip(zip(series, said, strict=True), answered, strict=True) if there):
        always[key] = always.get(key, set(sentences)) & set(sentences)
    return [
        "; ".join(s for s in sentences if (s in always.get(key, ()) or _SOMETIMES.search(s)) and numberless(s, terms))
        for key, sentences in zip(series, said, strict=True)
    ]
