"""Which months were due by the evaluation date and are not there (design section 5). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from methods.periods import add_months, last_day
from resources.archive import Receipt


def newest_month_due(as_of: date, days: int) -> str:
    """The newest month whose delivery was due: its last day and the days allowed lie on or before `as_of`."""
    month = f"{as_of:%Y-%m}"
    while date.fromisoformat(last_day(month)) + timedelta(days=days) > as_of:
        month = add_months(month, -1)
    return month


def missing_when_due(receipts: Iterable[Receipt], forces: Iterable[str], as_of: date, days: int) -> list[str]:
    """Forces and months that were due and never delivered: of each force, the newest month due only.

    An older gap is a period that is `[x]`, not a late delivery.
    """
    due = newest_month_due(as_of, days)
    held = {(receipt.force, receipt.month) for receipt in receipts}
    later = {force for force, month in held if month > due}
    return [f"{force} {due}" for force in forces if (force, due) not in held and force not in later]
