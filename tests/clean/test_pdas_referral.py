"""Referrals: golden SP04-a and SP04-c, a second implementation of first-time and open case, and each rule by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pandas as pd
import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given as holds
from hypothesis import settings
from hypothesis import strategies as st

from assets.clean.pdas_referral import risk_level_faults
from tests.campaign import examples
from tests.clean.given import KNOWN, cleaned, given, made, rejected
from tests.methods.references import golden

SOURCE = "pdas_referral"
_SENT_AS = {"gp": "health_gp", "midwife": "health_midwifery"}


def test_golden_first_time_and_open_case() -> None:
    case = golden("SP04-a")
    changes = [
        {
            "referral_key": key,
            "client_key": client,
            "received_date": day,
            "source_agency": _SENT_AS.get(agency, agency),
            "case_closed": rest[0].removeprefix("closed ") if rest else "",
        }
        for key, client, day, agency, *rest in case["input"]["rows"]
    ]
    rows = given(SOURCE, *changes)
    found = cleaned(SOURCE, rows)
    expect = case["expect"]
    assert rows.loc[list(found.repeated), "referral_key"].tolist() == expect["duplicates_removed"]
    year = found.rows[found.rows["received_date"].between("2015-04-01", "2016-03-31")]
    assert year.loc[year["counted"] == "on_open_case", "referral_key"].tolist() == expect["on_open_case"]
    counted = year[year["counted"] == "Y"]
    first = counted[counted["first_time"] == "Y"]
    assert len(counted) == expect["referrals"]
    assert len(first) == expect["first_time_referrals"]
    assert first["client_key"].nunique() == expect["first_time_clients"]
    assert (counted["first_time"] == "unknown").sum() == expect["first_time_unknown"]
    assert counted.loc[counted["first_time"] == "N", "referral_key"].tolist() == expect["not_first_time"]


def test_golden_level_against_score() -> None:
    case = golden("SP04-c")
    in_range = [one for one in case["input"]["cases"] if one[0] <= 24]  # a score of 25 is refused with the types
    score, level, judgement = zip(*in_range, strict=True)
    said = ["Y" if one else "N" for one in judgement]
    found = risk_level_faults(pd.Series(score, dtype="Int64"), pd.Series(level, dtype="str"), pd.Series(said))
    expected = [one.split(":")[0].replace("ok", "") for one in case["expect"]["result"]][: len(in_range)]
    assert found.tolist() == expected


@pytest.mark.parametrize(
    ("score", "level", "judgement", "fault"),
    [
        (0, "standard", "", ""),
        (14, "medium", "Y", "error"),
        (10, "standard", "Y", "error"),
        (9, "medium", "", "warn"),
        (9, "medium", "Y", ""),
        (1, "high", "N", "warn"),
        (24, "high", "", ""),
        ("", "high", "", ""),
        (12, "", "", ""),
    ],
)
def test_level_against_score(score: object, level: str, judgement: str, fault: str) -> None:
    row = {"dash_score": score, "risk_level": level, "professional_judgement": judgement}
    assert made(SOURCE, row)["risk_level_faults"].item() == fault


def test_only_adult_victims_of_the_city_are_in_scope() -> None:
    rows = given(
        SOURCE,
        {"subject_type": "child", "age_band": "5-10"},
        {"subject_type": "perpetrator"},
        {"area_in_city": "N"},
        {"age_band": "16-17"},
        {"age_band": ""},
        {"age_band": "11-15"},
    )
    found = cleaned(SOURCE, rows)
    assert found.out_of_scope == {0, 1, 2}
    assert found.rejected == {5: "age_of_adult_victim"}


@pytest.mark.parametrize(
    ("opened", "closed", "reason"),
    [
        ("2015-06-02", "2015-06-02", ""),
        ("2015-06-01", "", "dates_out_of_order"),
        ("2015-06-05", "2015-06-04", "dates_out_of_order"),
        ("", "2015-06-01", "dates_out_of_order"),
        ("", "2015-06-02", ""),
    ],
)
def test_case_is_opened_after_receipt_and_closed_after_that(opened: str, closed: str, reason: str) -> None:
    assert rejected(SOURCE, {"case_opened": opened, "case_closed": closed}) == [reason]


def test_same_client_day_and_source_once_by_smallest_key_and_blank_clients_never() -> None:
    rows = given(
        SOURCE,
        {"referral_key": "b", "client_key": "C"},
        {"referral_key": "a", "client_key": "C"},
        {"referral_key": "c", "client_key": "C", "source_agency": "self"},
        {"referral_key": "d"},
        {"referral_key": "e"},
    )
    found = cleaned(SOURCE, rows)
    assert found.repeated == {0}
    assert found.rows["first_time"].sort_index().tolist() == ["Y", "Y", "unknown", "unknown"]


def test_a_referral_out_of_scope_is_no_earlier_one() -> None:
    rows = given(
        SOURCE,
        {"client_key": "C", "received_date": "2015-01-10", "subject_type": "child", "case_opened": "2015-01-10"},
        {"client_key": "C", "received_date": "2015-06-02"},
    )
    found = cleaned(SOURCE, rows).rows
    assert (found["counted"].item(), found["first_time"].item()) == ("Y", "Y")


@pytest.mark.parametrize(
    ("opened", "closed", "day", "counted"),
    [
        ("2015-06-10", "", "2015-06-09", "Y"),  # received, but not yet open
        ("2015-06-10", "", "2015-06-10", "on_open_case"),
        ("2015-06-10", "", "2018-01-01", "on_open_case"),  # never closed
        ("2015-06-10", "2015-07-01", "2015-07-01", "on_open_case"),
        ("2015-06-10", "2015-07-01", "2015-07-02", "Y"),
        ("", "2015-07-01", "2015-06-03", "on_open_case"),
        ("", "", "2015-06-03", "Y"),
        ("2015-06-02", "", "2015-06-02", "Y"),  # two agencies on one day
    ],
)
def test_open_case(opened: str, closed: str, day: str, counted: str) -> None:
    found = made(
        SOURCE,
        {"client_key": "C", "received_date": "2015-06-02", "case_opened": opened, "case_closed": closed},
        {"client_key": "C", "received_date": day, "source_agency": "self"},
        {"client_key": "D", "received_date": day},
    )
    assert found["counted"].tolist() == ["Y", counted, "Y"]
    assert found["first_time"].iloc[2] == "Y"


def test_referral_on_open_case_makes_the_next_one_not_first() -> None:
    found = made(
        SOURCE,
        {"client_key": "C", "received_date": "2012-01-01", "case_opened": "2012-01-01", "case_closed": "2014-06-01"},
        {"client_key": "C", "received_date": "2014-05-01"},
        {"client_key": "C", "received_date": "2016-02-01"},
    )
    assert found["counted"].tolist() == ["Y", "on_open_case", "Y"]
    assert found["first_time"].tolist() == ["Y", "N", "N"]


_REFERRAL = st.fixed_dictionaries(
    {
        "client_key": st.sampled_from(["", "A", "B"]),
        "received_date": st.integers(0, 1200).map(lambda n: str(date(2013, 1, 1) + timedelta(days=n))),
        "source_agency": st.sampled_from(["police", "self"]),
        "wait": st.integers(0, 5),
        "length": st.integers(0, 90),
        "has": st.sampled_from(["", "opened", "closed", "both"]),
    }
)


@holds(st.lists(_REFERRAL, max_size=12))
@settings(max_examples=examples(30), deadline=None)
def test_against_a_second_implementation(drawn: list[dict[str, object]]) -> None:
    """The words of spec SP04, read row against row."""
    changes = []
    for one in drawn:
        received = date.fromisoformat(str(one["received_date"]))
        opened = received + relativedelta(days=one["wait"])  # type: ignore[arg-type]
        closed = opened + relativedelta(days=one["length"])  # type: ignore[arg-type]
        changes.append(
            {name: one[name] for name in ("client_key", "received_date", "source_agency")}
            | {"case_opened": opened if one["has"] in ("opened", "both") else ""}
            | {"case_closed": closed if one["has"] in ("closed", "both") else ""}
        )
    if not changes:
        return
    rows = given(SOURCE, *changes)
    found = cleaned(SOURCE, rows)
    valid = rows.drop(index=list(found.repeated))
    day = {label: date.fromisoformat(text) for label, text in valid["received_date"].items()}
    for label, row in valid.iterrows():
        earlier = valid[(valid["client_key"] == row["client_key"]) & (valid["received_date"] < row["received_date"])]
        cases = earlier[earlier["case_opened"].notna() | earlier["case_closed"].notna()]
        cases = cases[["received_date", "case_opened", "case_closed"]].fillna("")
        is_open = any(
            (case["case_opened"] or case["received_date"])
            <= row["received_date"]
            <= (case["case_closed"] or "9999-12-31")
            for _, case in cases.iterrows()
        )
        again = any(day[other] >= day[label] - relativedelta(months=24) for other in earlier.index)  # type: ignore[index]
        got = found.rows.loc[label]  # type: ignore[index]
        assert got["counted"] == ("on_open_case" if is_open else "Y")
        if pd.isna(row["client_key"]):
            assert got["first_time"] == "unknown"
        else:
            assert got["first_time"] == ("N" if is_open or again else "Y")


@pytest.mark.parametrize(
    ("engaged", "day", "expected"),
    [
        ("Y", "2015-06-02", "Y"),
        ("Y", "2015-06-30", "Y"),  # 28 days
        ("Y", "2015-07-01", "N"),
        ("Y", "", "unknown"),
        ("Y", "2015-06-01", "unknown"),
        ("N", "", "N"),
        ("", "", "unknown"),
        ("", "2015-06-10", "unknown"),
    ],
)
def test_engaged_within_28_days(engaged: str, day: str, expected: str) -> None:
    assert made(SOURCE, {"engaged": engaged, "engaged_date": day})["engaged_28"].item() == expected


@pytest.mark.parametrize(
    ("received", "done", "score", "expected"),
    [
        ("2015-06-02", "2015-06-09", 12, "Y"),  # Tuesday to Tuesday
        ("2015-06-02", "2015-06-10", 12, "N"),
        ("2015-06-06", "2015-06-12", 12, "Y"),  # Saturday: Friday is the fifth working day
        ("2015-06-06", "2015-06-15", 12, "N"),
        ("2015-04-02", "2015-04-13", 12, "Y"),  # over Good Friday and Easter Monday
        ("2015-04-02", "2015-04-14", 12, "N"),
        ("2015-06-02", "2015-06-01", 12, "Y"),  # the referrer had done it
        ("2015-06-02", "2015-06-03", "", "N"),
        ("2015-06-02", "", 12, "N"),
    ],
)
def test_score_within_five_working_days(received: str, done: str, score: object, expected: str) -> None:
    row = {"received_date": received, "dash_done_date": done, "dash_score": score}
    assert made(SOURCE, row)["dash_5"].item() == expected


def test_numbers_of_an_unknown_household_are_blank() -> None:
    found = made(
        SOURCE,
        {"household_known": "N", "n_children_u18": 2, "n_unborn": 1},
        {"household_known": "Y", "n_children_u18": 0, "n_unborn": 1},
        {"household_known": "Y"},
    )
    assert found["n_children_u18"].isna().tolist() == [True, False, True]
    assert found["n_unborn"].isna().tolist() == [True, False, True]
    assert found["n_children_u18"].iloc[1] == 0
    assert found["household_known"].tolist() == ["N", "Y", "Y"]


def test_look_back_is_the_registers() -> None:
    rows = ({"client_key": "C", "received_date": "2014-06-01"}, {"client_key": "C", "received_date": "2015-06-02"})
    assert made(SOURCE, *rows, known=replace(KNOWN, lookback_months=12))["first_time"].tolist() == ["Y", "Y"]
    assert made(SOURCE, *rows)["first_time"].tolist() == ["Y", "N"]
