import math

import pandas as pd
import pytest
from scipy import stats

from assets.outcomes import sp03_dash_training as measure
from expectations.contracts.pdas_referral import SOURCE_AGENCIES
from tests.methods.references import golden
from tests.outcomes.services import draw, is_tidy, one, says_decision, setting, shuffled, tables, values
from tests.paths import ROOT

NAME = "outcome_sp03_dash_training"
YEAR = ("fy", "2015-04-01")
#: 90 and 91 days before and after the course, worked out on a calendar.
COURSE = "2015-06-15"
DAYS = {
    -91: "2015-03-16",
    -90: "2015-03-17",
    -1: "2015-06-14",
    0: COURSE,
    1: "2015-06-16",
    90: "2015-09-13",
    91: "2015-09-14",
}


def booking(day="2015-06-15", **given):
    return {"event_date": day} | given


def made(rows, referrals=None, first="2013-04", last="2016-03", missing=(), service_missing=(), **of):
    held = tables(first, last, missing, dash_training=rows)
    if referrals is not None:
        held |= tables(first, last, service_missing, pdas_referral=referrals)
    return measure.calculate(held, setting(**of))


def test_opens_with_the_words_of_the_board():
    assert says_decision(measure, "SP03")


# People and attendances ------------------------------------------------------------------------------------------------


def test_case_of_the_specification():
    case = golden("SP03-a")
    rows = [
        booking(day, attendee_key=person, course_type=course, attendance=attendance)
        for person, day, course, attendance in case["input"]["rows"]
    ]
    outcome = made(rows)
    expect = case["expect"]
    assert values(outcome, *YEAR, "people_trained", "attendances", "refreshers", "no_shows") == [
        expect["people_trained"], expect["attendances"], expect["refreshers"], expect["dna"]
    ]  # fmt: skip
    # P5 attended in the year before: trained since 2013 all the same.
    assert values(outcome, *YEAR, "cumulative_people") == [3]


@pytest.mark.parametrize(
    ("given", "trained"),
    [
        ({}, 1),
        ({"attendance": "booked"}, 0),
        ({"attendance": "partial"}, 0),
        ({"attendance": "dna"}, 0),
        ({"attendance": "cancelled"}, 0),
        ({"course_type": "refresher"}, 0),
        ({"course_type": "train_the_trainer"}, 0),
        ({"agency_known": "N"}, 1),
    ],
)
def test_who_is_trained(given, trained):
    assert values(made([booking(**given)]), *YEAR, "people_trained", "cumulative_people") == [trained, trained]


def test_each_person_counts_once_in_a_period():
    rows = [
        booking("2015-04-10", attendee_key="A"),
        booking("2015-06-10", attendee_key="A"),
        booking("2015-07-01", attendee_key="A"),
    ]
    outcome = made(rows)
    kinds = [
        ("month", "2015-04-01"),
        ("month", "2015-06-01"),
        ("quarter", "2015-04-01"),
        ("quarter", "2015-07-01"),
        YEAR,
    ]
    assert [one(outcome, "people_trained", *period)["value"] for period in kinds] == [1, 1, 1, 1, 1]
    assert values(outcome, *YEAR, "attendances") == [3]


def test_by_agency_and_role():
    rows = [
        booking(attendee_key="A", agency="police", role_group="officer"),
        booking("2015-09-01", attendee_key="A", agency="housing", role_group="officer"),
        booking(attendee_key="B", agency="police", role_group="manager"),
        booking(attendee_key="C", agency="polise", agency_known="N", role_group="manager"),
        booking(attendee_key="D", agency="plod", agency_known="N", role_group="manager"),
        booking(attendee_key="E", agency="housing", attendance="dna"),
    ]
    outcome = made(rows)
    held = outcome[(outcome["part"] == "people_trained") & (outcome["breakdown"] != "")]
    assert set(held["period_kind"]) == {"fy"}
    year = held[held["period_start"] == YEAR[1]].set_index("breakdown")["value"].to_dict()
    assert year == {
        "agency=police": 2,
        "agency=housing": 1,
        "agency=not_listed": 2,
        "role=officer": 1,
        "role=manager": 3,
    }


def test_cumulative_counts_everybody_since_april_2013_once():
    rows = [
        booking("2013-03-31", attendee_key="A"),
        booking("2013-04-01", attendee_key="B"),
        booking("2015-05-01", attendee_key="B"),
    ]
    rows += [booking("2014-01-10", attendee_key="C"), booking("2016-02-01", attendee_key="A")]
    outcome = made(rows, first="2012-04")
    found = [one(outcome, "cumulative_people", "fy", f"{year}-04-01")["value"] for year in (2013, 2014, 2015)]
    assert found == [2, 2, 3]
    assert outcome.loc[outcome["part"] == "cumulative_people", "period_end"].min() == "2013-04-30"
    row = one(outcome, "cumulative_people", *YEAR)
    # The later count holds the earlier one: a change without limits and without a word.
    assert (row["change"], row["comparison"]) == (1, "")
    assert math.isnan(row["change_lower"])


def test_cumulative_is_not_known_where_the_register_begins_later():
    outcome = made([booking()], first="2013-05")
    row = one(outcome, "cumulative_people", *YEAR)
    assert (row["symbols"], row["note"]) == ("[x]", "2013-04 not delivered")
    assert values(outcome, *YEAR, "people_trained") == [1]


# Impact ------------------------------------------------------------------------------------------------------------------


def answered(before, after, **given):
    return [booking(conf_pre=a, conf_post=b, **given) for a, b in zip(before, after, strict=True)]


def test_nobody_returned_a_form():
    case = golden("SP03-c")
    outcome = made(answered(case["input"]["pre"], case["input"]["post"]))
    for part in ("confidence_change", "confidence_improved", "retention_change", "lasting_change", "knowledge_change"):
        row = one(outcome, part, *YEAR)
        assert row["symbols"] == case["expect"]["symbol"]
        assert math.isnan(row["value"])
    row = one(outcome, "match_rate", *YEAR)
    assert (row["numerator"], row["denominator"]) == (case["expect"]["matched"], 2)


def test_confidence_is_of_matched_pairs():
    before, after = [2, 3, 1, 5, 4, None, 2], [4, 3, 3, 4, 5, 5, None]
    outcome = made(answered(before, after))
    pairs = [(a, b) for a, b in zip(before, after, strict=True) if a and b]
    first, second = zip(*pairs, strict=True)
    test = stats.ttest_rel(second, first).confidence_interval()
    row = one(outcome, "confidence_change", *YEAR)
    assert row[["value", "lower", "upper"]].tolist() == pytest.approx([0.8, test.low, test.high])
    assert row["value"] != pytest.approx(pd.Series(after).mean() - pd.Series(before).mean())
    assert (row["numerator"], row["denominator"], row["method"], row["unit"]) == (5, 6, "t", "points")
    assert row["symbols"] == "[u]"
    improved, rate = one(outcome, "confidence_improved", *YEAR), one(outcome, "match_rate", *YEAR)
    assert (improved["numerator"], improved["denominator"]) == (3, 5)
    assert (rate["numerator"], rate["denominator"]) == (5, 6)


@pytest.mark.parametrize(("pairs", "symbol"), [(19, "[u]"), (20, "")])
def test_low_reliability_below_twenty_pairs(pairs, symbol):
    assert one(made(answered([2, 3] * 10, [3, 3] * 10)[:pairs]), "confidence_change", *YEAR)["symbols"] == symbol


def test_one_pair_has_no_limits_and_no_word():
    rows = answered([2], [4]) + answered([2, 2], [3, 4], day="2014-06-15")
    row = one(made(rows, mode="direction", polarity="higher_better"), "confidence_change", *YEAR)
    assert (row["value"], row["symbols"], row["comparison"]) == (2, "[u]", "")
    assert math.isnan(row["lower"])
    assert "one pair" in row["note"]


def test_answers_of_those_who_did_not_attend_in_full_do_not_count():
    rows = answered([1, 1], [5, 5], attendance="partial") + answered([3, 3], [4, 5])
    assert values(made(rows), *YEAR, "confidence_change") == [1.5]


def test_retention_is_of_courses_whose_answers_are_due():
    def later(day, **given):
        return booking(day, conf_pre=2, conf_post=4, **given)

    rows = [
        later("2015-06-15", conf_3m=3, conf_3m_in_window="Y"),
        later("2015-06-15", conf_3m=4, conf_3m_in_window="Y"),
        later("2015-06-15", conf_3m=5, conf_3m_in_window="N"),
        later("2015-06-15"),
        later("2015-12-02", conf_3m=4, conf_3m_in_window="Y"),  # 120 days after it is 31 March
        later("2015-12-03", conf_3m=4, conf_3m_in_window="Y"),  # and this is not over yet
        booking("2015-06-15", attendance="dna"),
    ]
    outcome = made(rows)
    rate = one(outcome, "retention_response_rate", *YEAR)
    assert (rate["numerator"], rate["denominator"]) == (3, 5)
    retention, lasting = one(outcome, "retention_change", *YEAR), one(outcome, "lasting_change", *YEAR)
    assert (retention["numerator"], retention["denominator"]) == (3, 5)
    assert retention["value"] == pytest.approx((3 + 4 + 4) / 3 - 4)
    assert lasting["value"] == pytest.approx((3 + 4 + 4) / 3 - 2)
    assert values(outcome, *YEAR, "confidence_change") == [2]


def test_impact_agrees_with_scipy_on_drawn_answers():
    held = draw()
    outcome, register = measure.calculate(held, setting()), held["clean_dash_training"]
    register = register[register["attendance"] == "attended"]
    for part, first, second in (
        ("confidence_change", "conf_pre", "conf_post"),
        ("knowledge_change", "knowledge_pre", "knowledge_post"),
    ):
        rows = outcome[(outcome["part"] == part) & outcome["lower"].notna()]
        assert len(rows) > 100
        for row in rows.itertuples():
            inside = register[register["month"].between(row.period_start[:7], row.period_end[:7])]
            pairs = inside.dropna(subset=[first, second])
            moved = pairs[second] - pairs[first]
            assert [row.value, row.numerator, row.denominator] == pytest.approx(
                [moved.mean(), len(pairs), inside[first].notna().sum()]
            )
            limits = (moved.iloc[0],) * 2  # all moved alike
            if moved.nunique() > 1:
                limits = stats.ttest_rel(pairs[second], pairs[first]).confidence_interval()
            assert [row.lower, row.upper] == pytest.approx(list(limits))


# Behaviour ---------------------------------------------------------------------------------------------------------------


def referral(day, source="police", **given):
    return {"received_date": day, "source_agency": source} | given


def behaviour(outcome, agency="police"):
    rows = outcome[outcome["breakdown"].eq(f"agency={agency}") & outcome["period_kind"].eq("quarter")]
    assert set(rows["period_start"]) <= {"2015-04-01"}
    return rows.set_index("part")


def test_windows_of_behaviour():
    referrals = [referral(day, marac_referred="Y" if step in (-90, 1, 90) else "N") for step, day in DAYS.items()]
    referrals += [referral(DAYS[1], source="housing"), referral(DAYS[1], counted="on_open_case")]
    rows = [booking(COURSE), booking("2015-11-01"), booking("2015-04-20", attendance="dna")]
    found = behaviour(made(rows, referrals))["value"].to_dict()
    assert {part: value for part, value in found.items() if "referrals" in part} == {
        "pdas_referrals_before": 2,
        "pdas_referrals_after": 3,
        "pdas_referrals_change": 1,
        "marac_referrals_before": 1,
        "marac_referrals_after": 2,
        "marac_referrals_change": 1,
    }


def test_change_of_behaviour_has_limits_and_is_called_an_association():
    referrals = [referral("2015-05-01")] * 4 + [referral("2015-07-01")] * 16
    found = behaviour(made([booking(COURSE)], referrals)).loc["pdas_referrals_change"]
    low, high = stats.chi2.ppf(0.025, 8) / 2, stats.chi2.ppf(0.975, 10) / 2
    z = stats.norm.ppf(0.975)
    byar = 16 * (1 - 1 / 144 - z / 12) ** 3, 17 * (1 - 1 / 153 + z / (3 * 17**0.5)) ** 3
    assert found["value"] == 12
    assert found["lower"] == pytest.approx(12 - math.hypot(16 - byar[0], high - 4))
    assert found["upper"] == pytest.approx(12 + math.hypot(byar[1] - 16, 4 - low))
    assert "association only" in found["note"]


def test_checklists_are_what_those_at_the_first_course_say():
    rows = [booking(COURSE, dash_completed_3m=3), booking(COURSE, dash_completed_3m=0), booking(COURSE)]
    rows += [booking("2015-09-01", dash_completed_3m=9), booking(COURSE, agency="housing")]
    outcome = made(rows)
    found = behaviour(outcome).loc["dash_checklists_after"]
    assert (found["value"], found["unit"], "own account" in found["note"]) == (3, "checklists", True)
    assert behaviour(outcome, "housing").loc["dash_checklists_after", "symbols"] == "[x]"


@pytest.mark.parametrize(
    ("agency", "day", "sources"),
    [
        ("police", "2015-06-15", {"police"}),
        ("housing_association", "2015-06-15", {"housing"}),
        ("council_children_social_care", "2015-06-15", {"children_social_care"}),
        ("health_acute", "2015-06-15", {"health_ed"}),
        ("probation", "2014-05-31", {"probation"}),
        ("nps", "2014-05-31", set()),
        ("crc", "2014-06-01", {"probation"}),
        ("fire", "2015-06-15", set()),
    ],
)
def test_which_sources_stand_for_an_agency(agency, day, sources):
    assert measure.sources_of(agency, day) == sources


def test_agencies_and_sources_are_those_of_the_register_and_of_the_service():
    listed = set(pd.read_csv(ROOT / "partnership" / "common" / "agency.csv")["agency"])
    assert listed - {held for held, *_ in measure.REFERS_AS} == {"mental_health", "fire", "other"}
    assert {source for _, source, *_ in measure.REFERS_AS} <= set(SOURCE_AGENCIES)


@pytest.mark.parametrize(
    ("agency", "referrals", "service_missing", "why"),
    [
        ("police", None, (), "never delivered"),
        ("police", [], ("2015-03",), "2015-03 not delivered"),
        ("police", [], ("2015-09",), "2015-09 not delivered"),
        ("fire", [], (), "no referral source"),
    ],
)
def test_behaviour_that_cannot_be_known(agency, referrals, service_missing, why):
    found = behaviour(made([booking(COURSE, agency=agency)], referrals, service_missing=service_missing), agency)
    held = found[found.index.str.contains("referrals")]
    assert len(held) == 6
    assert set(held["symbols"]) == {"[x]"}
    assert held["note"].str.contains(why).all()


def test_no_behaviour_of_an_agency_that_the_register_does_not_list_or_that_came_too_late():
    outcome = made(
        [booking(agency="plod", agency_known="N"), booking("2016-02-01", agency="housing")], [], last="2016-02"
    )
    assert not outcome["part"].str.contains("referrals|checklists").any()


# The table ---------------------------------------------------------------------------------------------------------------


def test_words_are_neutral_while_the_measure_is_in_development():
    rows = [booking("2014-06-15")] * 10 + [booking()] * 60
    row = one(made(rows), "people_trained", *YEAR)
    assert (row["comparison"], row["change"]) == ("higher", 50)
    judged = made(rows, mode="direction", polarity="higher_better")
    assert one(judged, "people_trained", *YEAR)["comparison"] == "improved"
    assert one(judged, "attendances", *YEAR)["comparison"] == "higher"


def test_undelivered_month_is_not_zero():
    row = one(made([booking()], missing=["2015-08"]), "people_trained", *YEAR)
    assert (row["symbols"], row["note"]) == ("[x]", "2015-08 not delivered")


def test_table_is_that_of_the_contract_whatever_the_order_of_rows():
    held = draw(scale=0.3)
    outcome = measure.calculate(held, setting())
    assert is_tidy(outcome, NAME)
    assert outcome["part"].str.contains("referrals").any()
    assert measure.calculate(shuffled(held), setting()).equals(outcome)


def test_nothing_delivered_gives_no_row_and_no_booking_gives_zeros():
    assert made([], first="2015-04", last="2015-04", missing=["2015-04"]).empty
    outcome = made([])
    assert is_tidy(outcome, NAME)
    assert values(outcome, *YEAR, "people_trained", "attendances", "no_shows", "cumulative_people") == [0, 0, 0, 0]
    assert one(outcome, "confidence_change", *YEAR)["symbols"] == "[x]"
