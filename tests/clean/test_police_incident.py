"""Incidents: area and strands."""

from tests.clean.given import ELSEWHERE, cleaned, given, made


def test_area_and_strands() -> None:
    rows = given(
        "police_incident",
        {"csp_code": ELSEWHERE, "category": "hate"},
        {"category": "hate"},
        {"category": "hate", "strands": "transgender;race"},
        {"category": "asb_personal"},
    )
    found = cleaned("police_incident", rows)
    assert found.out_of_scope == {0}
    assert found.rejected == {1: "hate_without_strand"}
    assert found.rows["strands"].tolist() == ["race;transgender", ""]


def test_day_opened_is_the_day_in_london() -> None:
    found = made("police_incident", {"opened_at": "2015-03-31T23:30:00Z"})
    assert (found["opened_date"].item(), found["month"].item()) == ("2015-04-01", "2015-04")
