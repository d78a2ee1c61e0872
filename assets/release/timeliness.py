"""Which periods were due by the evaluation date and are not there (design section 5). Pure.

A delivery is due so many days after its period has ended; if that day is a weekend or a bank holiday of the register, on the
next working day.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from expectations.contracts import PARTNERS
from expectations.register import Register
from methods.periods import add_months, last_day, period_ending
from methods.working_days import working_day_from
from resources.archive import Receipt


@dataclass(frozen=True)
class Late:
    """A delivery that was due and did not come.

    Attributes:
        period: the newest one due, in words, such as "month due, 2016-03".
        month: its last month.
        due: the day by which it should have come.
        whose: which of several forces it is missing of, in words; empty where there is only one sender.
        reached: the last month or day that any delivery of the source covers.
    """

    period: str
    month: str
    due: date
    whose: str = ""
    reached: str = ""

    @property
    def sentence(self) -> str:
        """What to say of it."""
        return f"the newest {self.period}, was not delivered"


def due_day(month: str, days: int, holidays: frozenset[date]) -> date:
    """The day by which the delivery for the period that ends with this month is due."""
    return working_day_from(date.fromisoformat(last_day(month)) + timedelta(days=days), holidays)


def newest_month_due(as_of: date, days: int, holidays: frozenset[date]) -> str:
    """The newest month whose delivery was due on or before `as_of`."""
    month = f"{as_of:%Y-%m}"
    while due_day(month, days, holidays) > as_of:
        month = add_months(month, -1)
    return month


def missing_when_due(
    receipts: Iterable[Receipt], forces: Iterable[str], as_of: date, days: int, holidays: frozenset[date]
) -> list[str]:
    """Forces and months that were due and never delivered: of each force, the newest month due only.

    An older gap is a period that is `[x]`, not a late delivery.
    """
    due = newest_month_due(as_of, days, holidays)
    held = {(receipt.force, receipt.month) for receipt in receipts}
    later = {force for force, month in held if month > due}
    return [f"{force} {due}" for force in forces if (force, due) not in held and force not in later]


def uncovered_when_due(
    receipts: Iterable[Receipt], as_of: date, days: int, holidays: frozenset[date], *, quarterly: bool
) -> str:
    """The newest month that was due and that no delivery of a partner reaches; empty text when one does.

    A survey of quarters is due by the quarter.
    """
    due = newest_month_due(as_of, days, holidays)
    while quarterly and period_ending("quarter", due) is None:
        due = add_months(due, -1)
    reached = max((receipt.coverage[1] for receipt in receipts if receipt.coverage), default="")
    return due if reached < last_day(due) else ""


def lateness(
    source: str,
    receipts: Sequence[Receipt],
    forces: Sequence[str],
    as_of: date,
    days: int,
    holidays: frozenset[date],
) -> Late | None:
    """What is missing of a source's newest due period; None when it is there.

    Args:
        source: its name.
        receipts: of this source alone.
        forces: of the area.
        as_of: the evaluation date.
        days: calendar days after the period's end on which it is due.
        holidays: days that are no working days although no weekend.
    """
    if source not in PARTNERS:
        missing = missing_when_due(receipts, forces, as_of, days, holidays)
        if not missing:
            return None
        due = missing[0].split()[-1]
        of = ", ".join(entry.split()[0] for entry in missing)
        reached = max((receipt.month for receipt in receipts), default="")
        whose = f" of {of}" if len(forces) > 1 else ""
        return Late(f"month due, {due}", due, due_day(due, days, holidays), whose, reached)
    delivery = PARTNERS[source].delivery
    quarterly = delivery.field(delivery.period).type == "quarter"
    due = uncovered_when_due(receipts, as_of, days, holidays, quarterly=quarterly)
    if not due:
        return None
    period = f"quarter due, which ends in {due}" if quarterly else f"month due, {due}"
    reached = max((receipt.coverage[1] for receipt in receipts if receipt.coverage), default="")
    return Late(period, due, due_day(due, days, holidays), "", reached)


def late_sources(register: Register, receipts: Sequence[Receipt], as_of: date) -> dict[str, Late]:
    """Sources that are late, with what is missing.

    One of which nothing ever came is not late: its measures await data, and the register may say that it is not expected.
    """
    found: dict[str, Late] = {}
    for name, source in register.sources.items():
        mine = [receipt for receipt in receipts if receipt.source == name]
        days = source.expected_days_after_period
        if mine and days is not None and source.kind != "reference":
            late = lateness(name, mine, register.area.forces, as_of, days, register.bank_holidays)
            found |= {name: late} if late else {}
    return found
