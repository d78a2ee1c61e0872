"""Which month was due, and which were missing then."""

from __future__ import annotations

from datetime import date

import pytest

from assets.release.timeliness import missing_when_due, newest_month_due
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
