"""Licences: golden SP09-c, who belongs to the cohort, order and length, city, age band."""

import pytest

from tests.clean.given import made, rejected
from tests.methods.references import golden

SOURCE = "crc_licence"


def test_golden_length_of_sentence() -> None:
    case = golden("SP09-c")
    rows = [{"sentence_date": day, "sentence_days": length} for day, length in case["input"]["cases"]]
    found = made(SOURCE, *rows)
    assert (found["eligible"] == "Y").tolist() == case["expect"]["eligible"]


@pytest.mark.parametrize(
    ("change", "eligible"),
    [
        ({}, "Y"),
        ({"offence_date_earliest": "2015-02-01"}, "Y"),
        ({"offence_date_earliest": "2015-01-31"}, "N"),
        ({"age_at_halfway": 18}, "Y"),
        ({"age_at_halfway": 17}, "N"),
        ({"provider": "nps"}, "N"),
        ({"sentence_days": 1}, "N"),
        ({"sentence_days": 2}, "Y"),
        ({"sentence_date": "2016-02-29", "sentence_days": 365}, "Y"),  # to 28 February 2017: 366 days
        ({"sentence_date": "2016-02-29", "sentence_days": 366}, "N"),
        ({"sentence_date": "2016-03-01", "sentence_days": 365}, "N"),
    ],
)
def test_who_belongs_to_the_cohort(change: dict[str, object], eligible: str) -> None:
    assert made(SOURCE, change | {"sender_eligible_flag": "N"})["eligible"].item() == eligible


@pytest.mark.parametrize(
    ("end", "reason", "length"),
    [
        ("2015-05-01", "", 0),
        ("2015-04-30", "dates_out_of_order", None),
        ("2016-01-30", "", 274),
        ("2016-01-31", "licence_too_long", None),
        ("", "", None),
    ],
)
def test_start_end_and_length(end: str, reason: str, length: int | None) -> None:
    assert rejected(SOURCE, {"licence_end": end}) == [reason]
    if not reason:
        found = made(SOURCE, {"licence_end": end})["length_days"]
        assert found.isna().item() if length is None else found.item() == length


def test_city_and_age_band() -> None:
    found = made(
        SOURCE, *({"local_area": area, "age_at_halfway": age} for area, age in [("plymouth", 17), ("torbay", 75)])
    )
    assert found["in_city"].tolist() == ["Y", "N"]
    assert found["age_band"].tolist() == ["16-17", "75+"]
    ages = [10, 11, 15, 16, 18, 24, 25, 34, 35, 44, 45, 54, 55, 64, 65, 74, 120]
    bands = made(SOURCE, *({"age_at_halfway": age} for age in ages))["age_band"].tolist()
    assert bands == ["5-10", "11-15", "11-15", "16-17", *(b for b in ("18-24", "25-34", "35-44", "45-54", "55-64", "65-74") for _ in (0, 1)), "75+"]  # fmt: skip
