"""Which month was due, and which were missing then."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from assets.release.timeliness import late_sentence, missing_when_due, newest_month_due
from resources.archive import Receipt


def receipt(month: str, force: str = "vale-and-moor") -> Receipt:
    return Receipt(1, "police_street", f"{force}/{month}", force, month, "0" * 64, 1, 1, (), "csv", "x", None, None, "")


@pytest.mark.parametrize(
    ("as_of", "days", "month"),
    [
        (date(2016, 4, 10), 10, "2016-03"),
        (date(2016, 4, 9), 10, "2016-02"),
        (date(2016, 1, 31), 31, "2015-12"),
        (date(2016, 1, 30), 31, "2015-11"),
        (date(2016, 3, 31), 0, "2016-03"),
    ],
)
def test_newest_month_due(as_of: date, days: int, month: str) -> None:
    assert newest_month_due(as_of, days) == month


def test_only_the_newest_due_month_is_late() -> None:
    forces = ["vale-and-moor"]
    assert missing_when_due([receipt("2016-01")], forces, date(2016, 4, 10), 10) == ["vale-and-moor 2016-03"]
    assert missing_when_due([receipt("2016-01"), receipt("2016-03")], forces, date(2016, 4, 10), 10) == []
    # An older gap is a period that is not available; a later month shows that the source delivers.
    assert missing_when_due([receipt("2016-04")], forces, date(2016, 4, 10), 10) == []
    assert missing_when_due([receipt("2016-03")], ["other", *forces], date(2016, 4, 10), 10) == ["other 2016-03"]


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
        ("pdas_referral", 31, ["2016-02-29"], ""),
        # A survey of quarters is due by the quarter.
        ("asb_survey", 30, ["2015-12-31"], "the newest quarter due, which ends in 2016-03, was not delivered"),
        ("asb_survey", 31, ["2015-12-31"], ""),
    ],
)
def test_a_partner_is_late_when_no_delivery_reaches_the_period_due(
    source: str, days: int, ends: list[str], said: str
) -> None:
    receipts = [partner(source, end) for end in ends]
    assert late_sentence(source, receipts, ["vale-and-moor"], date(2016, 4, 30), days) == said


def test_a_street_file_is_late_by_its_month() -> None:
    said = late_sentence("police_street", [receipt("2016-01")], ["vale-and-moor"], date(2016, 4, 10), 10)
    assert said == "the newest month due, 2016-03, was not delivered"
    assert late_sentence("police_street", [receipt("2016-03")], ["vale-and-moor"], date(2016, 4, 10), 10) == ""
