"""Training: coded attendance, known agencies, the later answer's window."""

import pytest

from tests.clean.given import made, rejected


def test_attendance_of_a_past_event_is_coded() -> None:
    states = ["attended", "partial", "dna", "cancelled", "booked", ""]
    found = rejected("dash_training", *({"attendance": state} for state in states))
    assert found == ["", "", "", "", "attendance_not_coded", "attendance_not_coded"]


def test_agency_of_the_register() -> None:
    found = made("dash_training", {"agency": "police"}, {"agency": "the-police"})
    assert found["agency_known"].tolist() == ["Y", "N"]


@pytest.mark.parametrize(
    ("score", "day", "inside"),
    [
        (4, "2015-07-31", "N"),  # 59 days after 2 June
        (4, "2015-08-01", "Y"),
        (4, "2015-09-30", "Y"),
        (4, "2015-10-01", "N"),  # 121
        (4, "", "N"),
        ("", "2015-08-15", "N"),
    ],
)
def test_answer_after_three_months(score: object, day: str, inside: str) -> None:
    assert made("dash_training", {"conf_3m": score, "conf_3m_date": day})["conf_3m_in_window"].item() == inside
