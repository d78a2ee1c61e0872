"""The campaigns' own rules: a sample that any seed gives again, and a report that keeps what was not run this time."""

from __future__ import annotations

from tests.campaign import drawn, text


def test_a_sample_is_in_order_and_the_same_again() -> None:
    cases = list(range(50))
    some = drawn(cases, 5)
    assert some == sorted(some)
    assert some in (drawn(cases, 5), cases)
    assert drawn(cases[:3], 5) == cases[:3]


def test_report_keeps_the_rows_of_campaigns_that_were_not_run() -> None:
    first = text({"kill points": {"cases": 30, "failed": 0, "seconds": 120}})
    assert "| 30 | 0 | 2 |" in first
    second = text({"disk full": {"cases": 6, "failed": 1, "seconds": 60}}, first)
    lines = [line for line in second.splitlines() if line.startswith("| ")]
    assert [line.split(" | ")[0] for line in lines] == ["| Campaign", "| disk full", "| kill points"]
    assert lines[1].endswith("| 6 | 1 | 1 |") and lines[2].endswith("| 30 | 0 | 2 |")
    again = text({"kill points": {"cases": 40, "failed": 0, "seconds": 60}}, second)
    assert again.count("kill points") == 1 and "| 40 | 0 | 1 |" in again
