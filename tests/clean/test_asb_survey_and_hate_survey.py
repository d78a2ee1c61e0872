"""The two surveys: quarters, and answers of the right scale."""

import pytest

from tests.clean.given import made, rejected


@pytest.mark.parametrize(
    ("source", "field", "quarter", "month"),
    [
        ("asb_survey", "exit_quarter", "2015-16Q1", "2015-06"),
        ("asb_survey", "exit_quarter", "2015-16Q4", "2016-03"),
        ("hate_survey", "survey_quarter", "2014-15Q3", "2014-12"),
    ],
)
def test_a_response_stands_in_the_last_month_of_its_quarter(source: str, field: str, quarter: str, month: str) -> None:
    found = made(source, {field: quarter})
    assert (found["quarter"].item(), found["month"].item()) == (quarter, month)


def test_every_answer_of_the_exit_survey_stays_blank_ones_too() -> None:
    answers = ["1", "2", "3", "4", "5", "dont_know", "prefer_not", ""]
    found = made("asb_survey", *({"overall": answer} for answer in answers))
    assert found["overall"].fillna("").tolist() == answers


@pytest.mark.parametrize(
    ("scale", "answer", "reason"),
    [
        ("police7", "completely", ""),
        ("police7", "completely_dis", ""),
        ("police7", "dont_know", ""),
        ("council5", "completely", "value_overall"),
        ("council5", "completely_dis", "value_overall"),
        ("council5", "very_dis", ""),
        ("council5", "dont_know", ""),
    ],
)
def test_answer_of_the_scale(scale: str, answer: str, reason: str) -> None:
    assert rejected("hate_survey", {"scale_id": scale, "overall": answer}) == [reason]
