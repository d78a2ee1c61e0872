"""Crimes: golden PER-1 and SP08-a, dated codes, order of moments, the night-time window, hate and status."""

from __future__ import annotations

import time
from dataclasses import replace

import pandas as pd
import pytest

from assets.clean.police_crime import clean
from expectations.contracts import police_crime as contract
from tests.clean.given import ELSEWHERE, KNOWN, as_typed, cleaned, given, made, rejected
from tests.methods.references import golden

SOURCE = "police_crime"


def test_golden_date_in_london() -> None:
    case = golden("PER-1")
    found = made(SOURCE, {"recorded_at": case["input"]["ts"], "occurred_from": ""})
    assert found["recorded_date"].item() == case["expect"]["local_date"]
    assert found["month"].item() == case["expect"]["local_date"][:7]


def test_crimes_of_another_area_are_out_of_scope_whatever_is_wrong_with_them() -> None:
    rows = given(SOURCE, {"csp_code": ELSEWHERE}, {"csp_code": ELSEWHERE, "ho_code": "99Z"}, {})
    assert cleaned(SOURCE, rows).out_of_scope == {0, 1}


@pytest.mark.parametrize(
    ("code", "recorded", "reason"),
    [
        ("28A", "2017-03-31T23:59:59", ""),
        ("28A", "2017-04-01T00:30:00", "value_ho_code"),
        ("28A", "2017-03-31T23:30:00Z", "value_ho_code"),  # 00:30 on 1 April in London
        ("28E", "2017-03-31T12:00:00", "value_ho_code"),
        ("28E", "2017-04-01T12:00:00", ""),
        ("99Z", "2015-06-02T12:00:00", "value_ho_code"),
    ],
)
def test_code_is_known_on_the_day_recorded(code: str, recorded: str, reason: str) -> None:
    assert rejected(SOURCE, {"ho_code": code, "recorded_at": recorded, "occurred_from": ""}) == [reason]


@pytest.mark.parametrize(
    ("code", "year", "expected"),
    [
        ("28A", 2015, ("domestic_burglary", "", "N", "")),
        ("46", 2015, ("", "", "N", "")),
        ("8N", 2015, ("", "with_injury", "N", "")),
        ("8P", 2015, ("", "with_injury", "N", "race_religion")),
        ("19C", 2015, ("", "", "Y", "")),
        ("4.4", 2015, ("", "with_injury", "N", "")),
        ("4.4", 2018, ("", "driving", "N", "")),
    ],
)
def test_groups_of_the_day_recorded(code: str, year: int, expected: tuple[str, ...]) -> None:
    found = made(SOURCE, {"ho_code": code, "recorded_at": f"{year}-06-02T09:00:00", "occurred_from": ""}).iloc[0]
    groups = ("sac_group", "violence_group", "sexual_offence", "aggravated_hate")
    assert tuple(found[name] for name in groups) == expected


@pytest.mark.parametrize(
    ("status", "day", "reason"),
    [
        ("recorded", "", ""),
        ("cancelled", "2015-07-01", ""),
        ("cancelled", "2015-06-02", ""),
        ("transferred", "", "blank_status_date"),
        ("cancelled", "2015-06-01", "dates_out_of_order"),
    ],
)
def test_change_of_status_has_a_date_not_before_the_record(status: str, day: str, reason: str) -> None:
    assert rejected(SOURCE, {"status": status, "status_date": day}) == [reason]


@pytest.mark.parametrize(
    ("start", "end", "recorded", "in_order"),
    [
        ("2015-06-01T10:00", "2015-06-01T11:00", "2015-06-01T11:00", True),
        ("", "", "2015-06-01T11:00", True),
        ("2015-06-01T11:01", "", "2015-06-01T11:00", False),
        ("", "2015-06-02T00:01", "2015-06-01T11:00", False),
        ("2015-06-01T10:00", "2015-06-01T09:59", "2015-06-03T11:00", False),
        ("2015-06-01T10:00", "2015-06-01T00:00", "2015-06-03T11:00", True),  # an end without a time
        ("2015-06-01T10:00", "", "2015-06-01T00:00", True),  # a record without a time
        ("2015-06-02T10:00", "", "2015-06-01T00:00", False),
        ("2015-10-25T01:50", "", "2015-10-25T01:10", True),  # the clocks went back between
        ("2015-10-25T02:50", "", "2015-10-25T02:10", False),
        ("2015-10-18T01:50", "", "2015-10-18T01:10", False),
        ("2015-06-01T11:00Z", "", "2015-06-01T11:30", False),  # 12:00 in London
    ],
)
def test_occurred_before_recorded(start: str, end: str, recorded: str, in_order: bool) -> None:
    row = {"occurred_from": start, "occurred_to": end, "recorded_at": recorded}
    assert rejected(SOURCE, row) == ["" if in_order else "dates_out_of_order"]


@pytest.mark.parametrize(
    ("start", "window"),
    [
        ("2015-06-05T19:59:59", "out"),  # Friday
        ("2015-06-05T20:00:00", "in"),
        ("2015-06-06T00:00:00", "in"),
        ("2015-06-06T05:59:59", "in"),
        ("2015-06-06T06:00:00", "out"),
        ("2015-06-06T20:00:00", "in"),
        ("2015-06-07T05:59:59", "in"),
        ("2015-06-07T06:00:00", "out"),
        ("2015-06-07T20:00:00", "out"),  # Sunday
        ("2015-06-05T05:00:00", "out"),  # Friday morning
        ("2015-06-05T19:30:00Z", "in"),  # 20:30 in London
        ("2015-12-04T19:30:00Z", "out"),
        ("", "unknown"),
    ],
)
def test_night_time_window(start: str, window: str) -> None:
    row = {"occurred_from": start, "recorded_at": "2015-12-20T09:00:00"}
    assert made(SOURCE, row)["ente_window"].item() == window


def test_hate_crime_names_a_strand_and_strands_without_flag_stay() -> None:
    rows = given(
        SOURCE,
        {"hate_flag": "Y"},
        {"hate_flag": "Y", "hate_strands": "race;disability"},
        {"hate_flag": "N"},
        {"hate_strands": "race"},
    )
    found = cleaned(SOURCE, rows)
    assert found.rejected == {0: "hate_without_strand"}
    assert found.rows["hate_strands"].tolist() == ["disability;race", "", "race"]


def test_golden_acquisitive_crime_by_code() -> None:
    """The groups of the golden case, when the register has its codes."""
    case = golden("SP08-a")
    groups = {"domestic_burglary": ["28A", "28B", "28C", "28D", "29"], "robbery": ["34A", "34B"]}
    groups |= {"theft_of_vehicle": ["48", "37.2"], "theft_from_vehicle": ["45"], "": ["30A", "30B", "31", "126", "39"]}
    table = tuple((code, group, "2010-04-01", None) for group, codes in groups.items() for code in codes)
    codes = [code for code, number in case["input"]["codes"].items() for _ in range(number)]
    found = made(SOURCE, *({"ho_code": code} for code in codes), known=replace(KNOWN, offence_codes=table))
    counts = found["sac_group"].value_counts()
    expected = {name: number for name, number in case["expect"].items() if name in groups}
    assert counts[list(expected)].to_dict() == expected
    assert counts.drop("").sum() == case["expect"]["sac"]


def test_a_force_of_sixty_thousand_crimes_is_cleaned_at_once() -> None:
    one = given(SOURCE, *({"ho_code": code} for code in ("46", "8P", "28A")))
    many = one.loc[one.index.repeat(20_000)].reset_index(drop=True)
    assert len(clean(many, KNOWN).rows) == 60_000
    start = time.process_time()
    clean(many, KNOWN)
    assert time.process_time() - start < 2  # 0.2 s when nothing else runs


def test_empty_delivery_has_the_types_of_a_full_one() -> None:
    rows, _ = as_typed(contract.DELIVERY, pd.DataFrame(columns=contract.DELIVERY.field_names, dtype="str"))
    assert clean(rows, KNOWN).rows.dtypes["ente_window"] == made(SOURCE)["ente_window"].dtype
