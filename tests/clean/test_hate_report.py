"""Hate reports name a strand, and keep no place."""

from tests.clean.given import made, rejected


def test_a_report_names_a_strand() -> None:
    assert rejected("hate_report", {"strands": ";"}, {"strands": "race|religion"}) == ["strand_missing", ""]


def test_strands_are_sorted_and_the_place_is_gone() -> None:
    found = made("hate_report", {"strands": "religion, race;race", "neighbourhood_code": "MH-01", "police_key": "X1"})
    assert found["strands"].item() == "race;religion"
    assert "neighbourhood_code" not in found
    assert found["police_key"].item() == "X1"
