"""Revisions: every published number that differs from the one that readers had, with old, new and why (spec 4.9). Pure.

Compared is what two releases print, never what lies behind: so this table can tell nothing that the two do not. Where one of
them hides a figure, both sides read `[c]`. A figure of a period that was not available before is new, not revised.

Here: the table, the mark `[r]` and the reason of each revision. Not here: which release is compared with (`release.py`), when
a commentary is demanded (`demanded.py`).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

import pandas as pd

from assets.release.out_turns import NUMBERS, REVISED, same_number, unmarked
from assets.release.regime_b import ABSENT, HIDDEN
from assets.release.view import PARTS, RECOMPUTED, RevisionView
from assets.release.words import number
from expectations.contracts import PARTNERS
from expectations.contracts.outcome import KEY
from methods.periods import last_day

FILE = "revisions.csv"
COLUMNS = (
    "measure",
    "part",
    "breakdown",
    "area_code",
    "area_name",
    "period_kind",
    "period_start",
    "period_end",
    "unit",
    "number",
    "old",
    "new",
    "reason",
    "scheduled",
)
_PROVISIONAL = "[p]"
#: Decimals up to which two numbers are told apart for readers; the file has them in full.
_MOST_PLACES = 6
NOW_HIDDEN = "now hidden to protect people"
NO_LONGER_HIDDEN = "no longer hidden"
#: Kinds of period in the order of the page.
_FIRST = ("fy", "ytd", "quarter", "r12", "month")
#: What a revision of an out-turn's recomputation begins with.
_OUT_TURN = "out-turn kept, recomputed beside it"
_Row = Mapping[str, Any]


@dataclass(frozen=True)
class Revision:
    """One published number that differs from the one that the release compared with had.

    `number` is its column in `outcomes.csv`; `old` and `new` are written as there, or as the symbol that stands for it.
    """

    measure: str
    part: str
    breakdown: str
    area_code: str
    area_name: str
    period_kind: str
    period_start: str
    period_end: str
    unit: str
    number: str
    old: str
    new: str
    reason: str
    scheduled: bool


def revised(figures: pd.DataFrame, before: pd.DataFrame, causes: Mapping[str, Causes]) -> list[Revision]:
    """Every revision, in the order of the rows.

    Args:
        figures: published rows of this release.
        before: published rows of the one compared with.
        causes: what changed between the two, by measure.
    """
    old = {tuple(row[name] for name in KEY): row for row in _records(before)}
    return [found for row in _records(figures) for found in _of_row(row, _then(row, old), causes)]


def marked(figures: pd.DataFrame, revisions: Iterable[Revision]) -> pd.DataFrame:
    """Rows with `[r]` where a number that is printed differs from the one printed before."""
    moved = {tuple(getattr(r, name) for name in KEY) for r in revisions}
    cells = [tuple(row) for row in figures[list(KEY)].itertuples(index=False)]
    symbols = [
        f"{unmarked(said)} {REVISED}".strip() if cell in moved and value == value else unmarked(said)
        for cell, said, value in zip(cells, figures["symbols"], figures["value"], strict=True)
    ]
    return figures.assign(symbols=pd.Series(symbols, index=figures.index, dtype=figures["symbols"].dtype))


def csv_bytes(revisions: Iterable[Revision]) -> bytes:
    """`revisions.csv`: one row a number; `scheduled` is yes or no."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for found in revisions:
        row = {**found.__dict__, "scheduled": "yes" if found.scheduled else "no"}
        writer.writerow([row[name] for name in COLUMNS])
    return out.getvalue().encode()


def views(revisions: Sequence[Revision]) -> tuple[RevisionView, ...]:
    """The revisions of one measure for its page: of each figure its value, or its count where only that moved.

    What readers look for first comes first: totals before breakdowns, years before months, the headline, newest first.
    """
    first: dict[tuple[str, ...], Revision] = {}
    for found in revisions:
        first.setdefault(tuple(getattr(found, name) for name in KEY), found)
    newest = sorted(first.values(), key=lambda r: r.period_end, reverse=True)
    return tuple(_view(found) for found in sorted(newest, key=_rank))


def _rank(found: Revision) -> tuple[bool, int, int, str, str]:
    own = found.part.removesuffix(RECOMPUTED)
    parts = [part.name for part in PARTS.get(found.measure, ())]
    place = parts.index(own) if own in parts else len(parts)
    return bool(found.breakdown), _FIRST.index(found.period_kind), place, found.part, found.breakdown


# ---- why


@dataclass(frozen=True)
class Causes:
    """What changed for one measure between two releases.

    Attributes:
        deliveries: source and first and last day of each delivery that counts now and did not then; no days: of all time.
        others: further causes, in words.
        otherwise: what to say if there is none of these.
    """

    deliveries: tuple[tuple[str, str, str], ...] = ()
    others: tuple[str, ...] = ()
    otherwise: str = "cause not recorded"

    def of(self, start: str, end: str) -> str:
        """Why a figure of these days moved."""
        near = {label for label, first, last in self.deliveries if not first or (first <= end and last >= start)}
        # A Crime ID or a client can reach from one delivery into the periods of another.
        labels = sorted(near or {label for label, _, _ in self.deliveries})
        said = [f"new delivery of {label}" for label in labels]
        return "; ".join((*said, *self.others)) or self.otherwise


def causes(now: Mapping[str, Any], then: Mapping[str, Any], labels: Mapping[str, str]) -> dict[str, Causes]:
    """What changed between two releases for each measure, from their manifests alone.

    Args:
        now: manifest of this release.
        then: manifest of the one compared with.
        labels: name of each source for readers.
    """
    general = []
    if now["register_sha256"] != then["register_sha256"]:
        general.append("register changed")
    if now["code_version"] != then["code_version"]:
        general.append("calculation changed")
    later = f"period matured: evaluated on {now['as_of']}" if now["as_of"] != then["as_of"] else Causes.otherwise
    had = {(d["source"], d["slot"], d["sha256"]) for d in then["deliveries"] if d["counts"]}
    fresh = [d for d in now["deliveries"] if d["counts"] and (d["source"], d["slot"], d["sha256"]) not in had]
    found = {}
    for name, said in now["measures"].items():
        own = [d for d in fresh if f"raw_{d['source']}" in said["tables"]]
        others = [*_own_causes(said, then["measures"].get(name, {})), *general]
        deliveries = tuple((labels.get(d["source"], d["source"]), *_days(d)) for d in own)
        found[name] = Causes(deliveries, tuple(others), later)
    return found


def _own_causes(now: Mapping[str, Any], then: Mapping[str, Any]) -> Iterator[str]:
    before, after = then.get("method_version"), now.get("method_version")
    if before and after and before != after:
        yield f"method changed from version {before} to {after}"
    if then.get("state") == "held" and now["state"] != "held":
        yield "no longer held"


def _days(delivery: Mapping[str, Any]) -> tuple[str, str]:
    """First and last day of a delivery; empty for one that is of all time."""
    if delivery["source"] in PARTNERS and delivery.get("coverage"):
        first, last = delivery["coverage"]
        return str(first), str(last)
    force, _, month = str(delivery["slot"]).rpartition("/")
    return (f"{month}-01", last_day(month)) if force else ("", "")


# ---- one row


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return cast("list[dict[str, Any]]", table.to_dict("records"))


def _then(row: _Row, old: Mapping[tuple[str, ...], _Row]) -> _Row | None:
    """The row as readers had it: of a recomputed year the earlier recomputation, else its out-turn."""
    found = old.get(tuple(row[name] for name in KEY))
    if found is None and row["part"].endswith(RECOMPUTED):
        own = {**row, "part": row["part"].removesuffix(RECOMPUTED)}
        found = old.get(tuple(own[name] for name in KEY))
    return found


def _of_row(row: _Row, then: _Row | None, causes: Mapping[str, Causes]) -> Iterator[Revision]:
    if then is None:
        return
    hidden, was_hidden = HIDDEN in row["symbols"], HIDDEN in then["symbols"]
    if hidden and was_hidden:
        return
    reason = causes.get(row["measure"], Causes()).of(row["period_start"], row["period_end"])
    if row["part"].endswith(RECOMPUTED):
        reason = f"{_OUT_TURN}; {reason}"

    def revision(name: str, old: str, new: str, why: str) -> Revision:
        given = {name: str(row[name]) for name in COLUMNS[: COLUMNS.index("number")]}
        return Revision(**given, number=name, old=old, new=new, reason=why, scheduled=_PROVISIONAL in then["symbols"])

    if hidden:
        if then["value"] == then["value"]:
            yield revision("value", HIDDEN, HIDDEN, NOW_HIDDEN)
        return
    if was_hidden:
        if row["value"] == row["value"]:
            yield revision("value", HIDDEN, _text("value", row["value"]), NO_LONGER_HIDDEN)
        return
    for name in NUMBERS:
        if then[name] == then[name] and not same_number(row[name], then[name]):
            yield revision(name, _text(name, then[name]), _text(name, row[name]) or ABSENT, reason)


def _text(name: str, value: float) -> str:
    """A number as `outcomes.csv` writes it; empty text for none."""
    if value != value:
        return ""
    return str(int(value)) if name in ("numerator", "denominator") and float(value).is_integer() else repr(float(value))


def _view(found: Revision) -> RevisionView:
    old, new = in_words(found.old, found.new)
    what = {"value": found.unit, "numerator": "number counted", "denominator": "number it is divided by"}
    return RevisionView(
        measure=found.measure,
        part=found.part,
        breakdown=found.breakdown,
        area_name=found.area_name,
        kind=found.period_kind,  # type: ignore[arg-type]
        start=date.fromisoformat(found.period_start),
        end=date.fromisoformat(found.period_end),
        unit=what.get(found.number, f"{found.number} limit, {found.unit}"),
        old=old,
        new=new,
        reason=found.reason,
        scheduled=found.scheduled,
    )


def in_words(old: str, new: str) -> tuple[str, str]:
    """Two numbers for a reader, with as few decimals as tell them apart, one at least unless both are whole."""
    try:
        one, other = float(old), float(new)
    except ValueError:
        return _alone(old), _alone(new)
    if one.is_integer() and other.is_integer():
        return number(one, 0), number(other, 0)
    for places in range(1, _MOST_PLACES + 1):
        said = number(one, places), number(other, places)
        if said[0] != said[1]:
            return said
    return old, new


def _alone(text: str) -> str:
    try:
        value = float(text)
    except ValueError:
        return text
    return number(value, 0 if value.is_integer() else 1)
