"""Which month was due, and which were missing then."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from assets.release.timeliness import Late, due_day, lateness, missing_when_due, newest_month_due
from resources.archive import Receipt


def receipt(month: str, force: str = "vale-and-moor") -> Receipt:
    return Receipt(1, "police_street", f"{force}/{month}", force, month, "0" * 64, 1, 1, (), "csv", "x", None, None, "")


NONE: frozenset[date] = frozenset()
#: GOV.UK: Easter of 2016 and the Early May bank holiday.
HOLIDAYS = frozenset({date(2016, 3, 25), date(2016, 3, 28), date(2016, 5, 2)})


@pytest.mark.parametrize(
    ("month", "days", "holidays", "due"),
    [
        ("2016-01", 10, NONE, date(2016, 2, 10)),  # a Wednesday
        ("2016-03", 10, NONE, date(2016, 4, 11)),  # a Sunday: the Monday after
        ("2016-02", 25, HOLIDAYS, date(2016, 3, 29)),  # Good Friday: the Tuesday after Easter
        ("2016-02", 25, NONE, date(2016, 3, 25)),
        ("2016-03", 30, HOLIDAYS, date(2016, 5, 3)),  # Saturday 30 April, and Monday is a holiday
        ("2016-02", 0, NONE, date(2016, 2, 29)),
    ],
)
def test_a_delivery_is_due_on_a_working_day(month: str, days: int, holidays: frozenset[date], due: date) -> None:
    assert due_day(month, days, holidays) == due


@pytest.mark.parametrize(
    ("as_of", "days", "month"),
    [
        (date(2016, 4, 11), 10, "2016-03"),
        (date(2016, 4, 10), 10, "2016-02"),
        (date(2016, 2, 1), 31, "2015-12"),
        (date(2016, 1, 31), 31, "2015-11"),
        (date(2016, 3, 31), 0, "2016-03"),
    ],
)
def test_newest_month_due(as_of: date, days: int, month: str) -> None:
    assert newest_month_due(as_of, days, NONE) == month


def test_only_the_newest_due_month_is_late() -> None:
    forces, day = ["vale-and-moor"], date(2016, 4, 11)
    assert missing_when_due([receipt("2016-01")], forces, day, 10, NONE) == ["vale-and-moor 2016-03"]
    assert missing_when_due([receipt("2016-01"), receipt("2016-03")], forces, day, 10, NONE) == []
    # An older gap is a period that is not available; a later month shows that the source delivers.
    assert missing_when_due([receipt("2016-04")], forces, day, 10, NONE) == []
    assert missing_when_due([receipt("2016-03")], ["other", *forces], day, 10, NONE) == ["other 2016-03"]


def partner(source: str, end: str) -> Receipt:
    return replace(receipt(""), source=source, force="", coverage=("2015-04-01", end))


@pytest.mark.parametrize(
    ("source", "days", "ends", "said"),
    [
        ("pdas_referral", 15, ["2016-03-31"], ""),
        ("pdas_referral", 15, ["2016-03-30"], "the newest month due, 2016-03, was not delivered"),
        ("pdas_referral", 15, ["2015-12-31", "2016-02-29"], "the newest month due, 2016-03, was not delivered"),
        # Delivered beyond what was due: an older gap is a missing period, not lateness.
        ("pdas_referral", 15, ["2015-12-31", "2016-04-20"], ""),
        ("pdas_referral", 30, ["2016-02-29"], "the newest month due, 2016-03, was not delivered"),
        ("pdas_referral", 33, ["2016-02-29"], ""),
        # A survey of quarters is due by the quarter.
        ("asb_survey", 30, ["2015-12-31"], "the newest quarter due, which ends in 2016-03, was not delivered"),
        ("asb_survey", 33, ["2015-12-31"], ""),
    ],
)
def test_a_partner_is_late_when_no_delivery_reaches_the_period_due(
    source: str, days: int, ends: list[str], said: str
) -> None:
    receipts = [partner(source, end) for end in ends]
    late = lateness(source, receipts, ["vale-and-moor"], date(2016, 5, 2), days, NONE)
    assert (late.sentence if late else "") == said
    if late:
        assert (late.reached, late.whose) == (max(ends), "")


def test_a_street_file_is_late_by_its_month() -> None:
    forces, day = ["vale-and-moor", "other"], date(2016, 4, 11)
    late = lateness("police_street", [receipt("2016-01"), receipt("2016-03", "other")], forces, day, 10, NONE)
    assert late == Late("month due, 2016-03", "2016-03", date(2016, 4, 11), " of vale-and-moor", "2016-03")
    assert late.sentence == "the newest month due, 2016-03, was not delivered"
    assert lateness("police_street", [receipt("2016-03")], ["vale-and-moor"], day, 10, NONE) is None
