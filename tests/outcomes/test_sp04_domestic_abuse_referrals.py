import math

import pytest

from assets.outcomes import sp04_domestic_abuse_referrals as measure
from tests.methods.references import golden
from tests.outcomes.services import complete, draw, is_tidy, one, says_decision, setting, shuffled, tables, values

NAME = "outcome_sp04_domestic_abuse_referrals"
YEAR = ("fy", "2015-04-01")
AGENCIES = {"gp": "health_gp", "midwife": "health_midwifery"}


def referral(day="2015-06-10", **given):
    return {"received_date": day} | given


def made(rows, crimes=None, first="2013-04", last="2016-03", missing=(), **of):
    held = tables(first, last, missing, pdas_referral=rows)
    if crimes is not None:
        held |= tables("2013-04", last, police_crime=crimes)
    return measure.calculate(held, setting(**of))


def share(rows, part, breakdown="", **more):
    """Numerator and denominator of a part in the year."""
    row = one(made(rows, **more), part, *YEAR, breakdown=breakdown)
    return (row["numerator"], row["denominator"]) if row["symbols"] != "[x]" else "[x]"


def test_opens_with_the_words_of_the_board():
    assert says_decision(measure, "SP04")


def test_case_of_the_specification():
    case = golden("SP04-a")
    expect, rows = case["expect"], []
    for name, client, day, source, *_ in case["input"]["rows"]:
        if name in expect["duplicates_removed"]:
            continue
        first = (
            "unknown"
            if client is None
            else "N"
            if name in [*expect["not_first_time"], *expect["on_open_case"]]
            else "Y"
        )
        counted = "on_open_case" if name in expect["on_open_case"] else "Y"
        source = AGENCIES.get(source, source)
        rows.append(
            referral(day, referral_key=name, client_key=client, source_agency=source, first_time=first, counted=counted)
        )
    outcome = made(rows)
    assert values(outcome, *YEAR, "referrals", "first_time_referrals", "first_time_clients", "first_time_unknown") == [
        expect["referrals"], expect["first_time_referrals"], expect["first_time_clients"], expect["first_time_unknown"]
    ]  # fmt: skip
    assert values(outcome, *YEAR, "on_open_case", "clients") == [len(expect["on_open_case"]), 10]
    by_source = {s: one(outcome, "referrals", *YEAR, breakdown=f"source={s}")["value"] for s in measure.SOURCE_AGENCIES}
    assert {s: n for s, n in by_source.items() if n} == {"police": 8, "self": 2, "health_gp": 1, "health_midwifery": 1}


@pytest.mark.parametrize(
    ("first", "missing", "known"),
    [
        ("2013-04", (), True),
        ("2013-05", (), False),
        ("2013-03", ("2014-02",), False),
        ("2013-03", ("2013-03",), True),  # the month before the look-back
        ("2011-04", (), True),
    ],
)
def test_first_time_needs_the_whole_look_back(first, missing, known):
    outcome = made([referral(client_key="A")], first=first, missing=missing)
    for part in ("first_time_referrals", "first_time_clients"):
        row = one(outcome, part, *YEAR)
        assert row["symbols"] == ("" if known else "[x]")
        assert ("look-back of 24 months" in row["note"]) is not known
    assert values(outcome, *YEAR, "referrals", "first_time_unknown", "clients") == [1, 0, 1]


def test_look_back_is_the_same_for_every_kind_of_period_and_follows_the_register():
    outcome = made([referral(client_key="A")], first="2013-06")
    held = {kind: one(outcome, "first_time_referrals", kind, start)["symbols"] for kind, start in [("month", "2015-05-01"), ("month", "2015-06-01"), YEAR]}  # fmt: skip
    assert held == {"month": "", "fy": "[x]"}
    assert one(outcome, "first_time_referrals", "month", "2015-05-01")["symbols"] == "[x]"
    outcome = made([referral(client_key="A")], first="2014-04", lookback_months=12)
    assert values(outcome, *YEAR, "first_time_referrals") == [1]


def test_two_agencies_on_one_day_are_two_referrals_of_one_client():
    outcome = made([referral(client_key="A"), referral(client_key="A", source_agency="health_midwifery")])
    assert values(outcome, *YEAR, "referrals", "clients", "first_time_referrals", "first_time_clients") == [2, 1, 2, 1]


def test_blank_clients_are_never_first_never_one_person():
    rows = [referral(first_time="unknown"), referral(first_time="unknown"), referral(client_key="A", first_time="N")]
    outcome = made(rows)
    assert values(outcome, *YEAR, "referrals", "first_time_unknown", "first_time_referrals", "clients") == [3, 2, 0, 1]


@pytest.mark.parametrize(
    ("part", "rows", "expected"),
    [
        ("sexual_violence", [{"sexual_violence": a} for a in ("Y", "N", "N", "not_asked", None)], (1, 3)),
        ("sexual_violence", [{"sexual_violence": a} for a in ("not_asked", None)], "[x]"),
        (
            "children_in_household",
            [
                {"household_known": "Y", "n_children_u18": 2},
                {"household_known": "Y", "n_children_u18": 0},
                {"household_known": "Y", "n_children_u18": None},
                {"household_known": "N", "n_children_u18": 3},
                {"household_known": "N"},
                {"household_known": "Y", "n_children_u18": 0, "n_unborn": 1},
            ],
            (1, 3),
        ),
        (
            "unborn_in_household",
            [
                {"household_known": "Y", "n_children_u18": 0, "n_unborn": 1},
                {"household_known": "Y", "n_unborn": 0},
                {"household_known": "Y", "n_children_u18": 4},
                {"household_known": "N", "n_unborn": 1},
            ],
            (1, 2),
        ),
        ("children_in_household", [{"household_known": "N"}], "[x]"),
        (
            "safeguarding_referral",
            [
                {"household_known": "Y", "n_children_u18": 1, "child_safeguarding_referral": "Y"},
                {"household_known": "Y", "n_unborn": 1, "child_safeguarding_referral": "N"},
                {"household_known": "Y", "n_children_u18": 1},
                {"household_known": "Y", "n_children_u18": 0, "child_safeguarding_referral": "N"},
                {"household_known": "N", "child_safeguarding_referral": "Y"},
            ],
            (1, 2),
        ),
        ("assessed_in_5_days", [{"dash_5": "Y"}, {"dash_5": "N"}, {"dash_5": "N"}], (1, 3)),
        (
            "marac_heard",
            [
                {"risk_level": "high", "marac_heard_date": "2015-07-01"},
                {"risk_level": "high", "marac_referred": "Y"},
                {"risk_level": "medium", "marac_heard_date": "2015-07-01"},
                {},
            ],
            (1, 2),
        ),
        ("engaged", [{"engaged_28": a, "engaged": "Y"} for a in ("Y", "N", "unknown", "Y")], (2, 4)),
    ],
)
def test_shares(part, rows, expected):
    assert share([referral(**row) for row in rows], part) == expected
    # A referral on an open case is no part of any of them.
    assert (
        share([referral(**row) for row in rows] + [referral(counted="on_open_case", **row) for row in rows], part)
        == expected
    )


def test_risk_levels_are_of_those_with_a_level():
    rows = [referral(risk_level=level) for level in ("high", "high", "medium", "standard", None)]
    found = {level: share(rows, "risk_level", f"risk={level}") for level in measure.RISK_LEVELS}
    assert found == {"standard": (1, 4), "medium": (1, 4), "high": (2, 4)}


@pytest.mark.parametrize(("number", "symbol"), [(19, "[u]"), (20, "")])
def test_low_reliability_below_twenty(number, symbol):
    assert one(made([referral()] * number), "engaged", *YEAR)["symbols"] == symbol


def crime(day="2015-06-10", **given):
    return {"recorded_date": day, "da_flag": "Y"} | given


def test_police_figures_stand_beside_and_are_of_flagged_recorded_crimes():
    crimes = [
        crime(sexual_offence="Y"),
        crime(),
        crime(),
        crime(status="cancelled", sexual_offence="Y"),
        crime(da_flag="N", sexual_offence="Y"),
        crime(da_flag=None, sexual_offence="Y"),
    ]
    outcome = made([referral(sexual_violence="Y")], crimes)
    row = one(outcome, "police_sexual_offences", *YEAR)
    assert (row["numerator"], row["denominator"], row["unit"]) == (1, 3, "%")
    assert one(outcome, "police_da_offences", *YEAR)["value"] == 3
    # Never summed with the service's figure.
    assert values(outcome, *YEAR, "sexual_violence") == [100]
    assert set(outcome["part"]) >= {"sexual_violence", "police_sexual_offences"}


def test_no_police_figure_before_the_flag_was_returned():
    outcome = made([referral()], [crime("2015-03-31"), crime("2015-04-01")])
    for start in (("month", "2015-03-01"), ("fy", "2014-04-01"), ("r12", "2014-05-01")):
        row = one(outcome, "police_da_offences", *start)
        assert row["symbols"] == "[x]"
        assert "only since April 2015" in row["note"]
    assert values(outcome, "month", "2015-04-01", "police_da_offences") == [1]
    assert math.isnan(one(outcome, "police_da_offences", *YEAR)["previous_value"])


def test_police_not_delivered_is_not_zero():
    outcome = made([referral()])
    row = one(outcome, "police_da_offences", *YEAR)
    assert (row["symbols"], "not delivered" in row["note"]) == ("[x]", True)
    assert values(outcome, *YEAR, "referrals") == [1]
    held = tables("2013-04", "2016-03", pdas_referral=[referral()]) | tables(
        "2013-04", "2016-03", police_crime=[crime()]
    )
    held["clean_police_crime_completeness"] = complete("2013-04", "2015-12")
    outcome = measure.calculate(held, setting())
    assert one(outcome, "police_da_offences", *YEAR)["symbols"] == "[x]"
    assert values(outcome, "quarter", "2015-04-01", "police_da_offences") == [1]


@pytest.mark.parametrize("mode", ["none", "direction", "target", "baseline_year", "monitor_only"])
def test_nothing_is_ever_judged(mode):
    rows = [referral("2014-06-01")] * 30 + [referral()] * 90
    outcome = made(rows, mode=mode, polarity="higher_better")
    row = one(outcome, "referrals", *YEAR)
    assert (row["change"], row["comparison"]) == (60, "" if mode == "baseline_year" else "higher")
    assert set(outcome["comparison"]) <= {"", "higher", "lower", "similar"}


def test_undelivered_month_is_not_zero():
    row = one(made([referral()], missing=["2015-08"]), "referrals", *YEAR)
    assert (row["symbols"], row["note"]) == ("[x]", "2015-08 not delivered")


def test_table_is_that_of_the_contract_whatever_the_order_of_rows():
    held = draw(scale=0.1)
    outcome = measure.calculate(held, setting())
    assert is_tidy(outcome, NAME)
    assert measure.calculate(shuffled(held), setting()).equals(outcome)
    by_source = outcome[(outcome["part"] == "referrals") & (outcome["breakdown"] != "")]
    total = outcome[(outcome["part"] == "referrals") & (outcome["breakdown"] == "")]
    period = ["period_kind", "period_start", "period_end"]
    summed = by_source.groupby(period)["value"].sum(min_count=12)
    assert summed.to_dict() == pytest.approx(total.set_index(period)["value"].to_dict(), nan_ok=True)


def test_nothing_delivered_gives_no_row_and_no_referral_gives_zeros():
    assert made([], first="2015-04", last="2015-04", missing=["2015-04"]).empty
    outcome = made([])
    assert is_tidy(outcome, NAME)
    assert values(outcome, *YEAR, "referrals", "clients", "first_time_referrals", "on_open_case") == [0, 0, 0, 0]
    assert one(outcome, "engaged", *YEAR)["symbols"] == "[x]"
