"""Where a commentary is demanded before a release may be approved as an edition, and why (spec 4.9, 5.1). Pure.

Demanded: a headline moved by 1% or 5 units through a revision; the Board's status changed since the release compared with; the
newest point of the headline's series is a signal of its control chart. Met: by a commentary that was written for the very date
that the measure stands at. Not here: the texts themselves (the register).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import pandas as pd

from assets.release.revisions import NO_LONGER_HIDDEN, NOW_HIDDEN, Revision, in_words
from assets.release.view import PARTS, RECOMPUTED, headline_part
from assets.release.words import STATUS_WORDS, month

_PERCENT, _UNITS = 1, 5
_WHEN = {"fy": "the financial year", "quarter": "the quarter", "ytd": "the year to date"}


def demands(
    measure: str,
    signal: str,
    had: pd.DataFrame,
    revisions: Sequence[Revision],
    status: str,
    status_before: str | None,
) -> tuple[str, ...]:
    """Why a commentary is demanded for one measure, in sentences; none when it is not.

    Args:
        measure: its id.
        signal: what the process chart of its published rows says of the newest point, where that is a signal; else empty.
        had: its rows in the release compared with.
        revisions: its revisions.
        status: status by the Board's decision in force.
        status_before: that of the release compared with; None when there is none.
    """
    return (*_status(status, status_before), *_moved(measure, revisions, had), *([f"{signal}."] if signal else []))


def is_met(measure: str, as_at: str, commentary: Iterable[Any]) -> bool:
    """Whether the register holds a commentary on a measure as it stands at that date (`YYYY-MM-DD`)."""
    return any(
        c.measure == measure and c.kind == "commentary" and c.as_at is not None and c.as_at.isoformat() == as_at
        for c in commentary
    )


def _status(now: str, before: str | None) -> Iterable[str]:
    if before and before != now:
        words = {str(name): said for name, said in STATUS_WORDS.items()}
        yield f"The Board's status changed from “{words.get(before, before)}” to “{words.get(now, now)}”."


def _moved(measure: str, revisions: Sequence[Revision], had: pd.DataFrame) -> Iterable[str]:
    """Of the headline: every year, and the quarter and the year to date that were the newest when readers had them."""
    part, number_of = headline_part(measure), "numerator" if _is_counted(measure) else "value"
    told = had[(had["part"] == part) & (had["breakdown"] == "") & had["value"].notna()]
    newest = told.groupby("period_kind")["period_end"].max().to_dict()
    own = [r for r in revisions if r.part.removesuffix(RECOMPUTED) == part and not r.breakdown]
    for found in sorted(own, key=lambda r: (r.period_end, r.period_kind, r.part)):
        if found.period_kind != "fy" and (
            found.period_kind not in _WHEN or found.period_end != newest[found.period_kind]
        ):
            continue
        if found.reason in (NOW_HIDDEN, NO_LONGER_HIDDEN):
            yield f"The headline of {_when(found)} is {found.reason}."
        elif found.number == number_of and _is_large(found):
            old, new = in_words(found.old, found.new)
            yield f"A revision moved the headline of {_when(found)} from {old} to {new}."


def _is_counted(measure: str) -> bool:
    """Whether the headline is the number counted, said before its rate."""
    return bool(PARTS.get(measure)) and PARTS[measure][0].count_first


def _is_large(found: Revision) -> bool:
    try:
        old, new = float(found.old), float(found.new)
    except ValueError:
        return True  # a headline that is no longer there
    moved = abs(new - old)
    return moved >= _UNITS or (moved > 0 and 100 * moved >= _PERCENT * abs(old))


def _when(found: Revision) -> str:
    return f"{_WHEN[found.period_kind]} to {month(date.fromisoformat(found.period_end))}"
