"""The two clocks (design section 4): `as_at` comes from the data, `as_of` is the date of evaluation."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Literal

from methods.periods import last_day
from resources.archive import Receipt

#: With the clock "data", the evaluation is this long after the end of the newest month delivered.
_AFTER_DATA = timedelta(days=31)


def newest_coverage(receipts: Iterable[Receipt]) -> date | None:
    """Last day that any delivery covers; None when nothing with a period was delivered."""
    ends = [
        date.fromisoformat(r.coverage[1] if r.coverage else last_day(r.month))
        for r in receipts
        if r.coverage or r.month
    ]
    return max(ends, default=None)


def evaluation_date(
    stated: date | None, clock: Literal["today", "data"], receipts: Iterable[Receipt], today: date
) -> date:
    """The date for lateness, provisional labels and waivers: as stated, else by the partnership's clock."""
    if stated is not None:
        return stated
    newest = newest_coverage(receipts) if clock == "data" else None
    return newest + _AFTER_DATA if newest else today
