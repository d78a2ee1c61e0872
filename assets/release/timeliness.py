"""Which periods were due by the evaluation date and are not there (design section 5). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from expectations.contracts import PARTNERS
from methods.periods import add_months, last_day, period_ending
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


def uncovered_when_due(receipts: Iterable[Receipt], as_of: date, days: int, *, quarterly: bool) -> str:
    """The newest month that was due and that no delivery of a partner reaches; empty text when one does.

    A survey of quarters is due by the quarter.
    """
    due = newest_month_due(as_of, days)
    while quarterly and period_ending("quarter", due) is None:
        due = add_months(due, -1)
    reached = max((receipt.coverage[1] for receipt in receipts if receipt.coverage), default="")
    return due if reached < last_day(due) else ""


def late_sentence(source: str, receipts: Iterable[Receipt], forces: Iterable[str], as_of: date, days: int) -> str:
    """What to say of a source whose newest due period is missing; empty text when it is there."""
    if source not in PARTNERS:
        missing = missing_when_due(receipts, forces, as_of, days)
        return f"the newest month due, {missing[0].split()[-1]}, was not delivered" if missing else ""
    delivery = PARTNERS[source].delivery
    quarterly = delivery.field(delivery.period).type == "quarter"
    due = uncovered_when_due(receipts, as_of, days, quarterly=quarterly)
    period = f"quarter due, which ends in {due}" if quarterly else f"month due, {due}"
    return f"the newest {period}, was not delivered" if due else ""
