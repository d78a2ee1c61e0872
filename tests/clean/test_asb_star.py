"""Star readings: domains in scope, scales, scores."""

import pytest

from tests.clean.given import cleaned, given, rejected

SOURCE = "asb_star"


@pytest.mark.parametrize(
    ("scale", "score", "not_applicable", "reason"),
    [
        (10, 10, "", ""),
        (5, 5, "N", ""),
        (5, 6, "", "score_out_of_range"),
        (7, 3, "", "value_scale_max"),
        (10, "", "Y", ""),
        (10, "", "", ""),
        (10, 3, "Y", "score_not_applicable"),
        (10, 1, "", ""),
    ],
)
def test_score_on_its_scale(scale: int, score: object, not_applicable: str, reason: str) -> None:
    row = {"scale_max": scale, "score": score, "not_applicable": not_applicable}
    assert rejected(SOURCE, row) == [reason]


def test_zero_is_no_score() -> None:
    """The contract refuses it; so does the rule, were the contract to let it through."""
    rows = given(SOURCE, {}, {"domain": "housing"}).assign(score=lambda f: f["score"] - 5)
    assert cleaned(SOURCE, rows).rejected == {0: "score_out_of_range", 1: "score_out_of_range"}


def test_work_and_learning_is_out_of_scope() -> None:
    found = cleaned(SOURCE, given(SOURCE, {"domain": "work_learning", "scale_max": 7}, {"domain": "children"}))
    assert found.out_of_scope == {0}
    assert found.rejected == {}
