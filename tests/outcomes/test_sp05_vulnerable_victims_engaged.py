import math

import pytest

from assets.outcomes import sp05_vulnerable_victims_engaged as measure
from tests.methods.references import golden
from tests.outcomes.services import draw, is_tidy, one, says_decision, setting, shuffled, tables, values

NAME = "outcome_sp05_vulnerable_victims_engaged"
YEAR = ("fy", "2015-04-01")


def made(cases, first="2015-04", last="2016-03", missing=(), **of):
    return measure.calculate(tables(first, last, missing, asb_case=cases), setting(**of))


def case(assessed="2015-06-10", **given):
    return {"referral_date": "2015-05-20", "assessed_date": assessed} | given


def through(consent="2015-06-11", **given):
    """A case that engaged."""
    return case(consent_date=consent, engaged="Y", **given)


def test_opens_with_the_words_of_the_board():
    assert says_decision(measure, "SP05")


def test_case_of_the_specification():
    given, expect = golden("SP05-a")["input"], golden("SP05-a")["expect"]
    cases = [through() for _ in range(given["engaged"])]
    cases += [case(consent_date="2015-06-11") for _ in range(given["consented"] - given["engaged"])]
    cases += [case() for _ in range(given["appropriate"] - given["consented"])]
    cases += [case(outcome="not_appropriate") for _ in range(given["assessed"] - given["appropriate"])]
    outcome = made(cases)
    counts = ("assessed", "appropriate", "consented", "engaged")
    assert values(outcome, *YEAR, *counts) == [given[name] for name in counts]
    assert expect["headline_appropriate"] == given["appropriate"]
    row = one(outcome, "conversion", *YEAR)
    assert row[["value", "lower", "upper"]].tolist() == pytest.approx(
        [expect["conversion_pct"], expect["wilson_lo"], expect["wilson_hi"]], abs=1e-6
    )
    assert (row["numerator"], row["denominator"], row["method"], row["unit"]) == (52, 74, "wilson", "%")


def test_two_cases_of_one_person_are_two_assessments():
    outcome = made([case("2015-06-10", person_key="A"), case("2015-12-01", person_key="A"), case(person_key="B")])
    assert values(outcome, *YEAR, "appropriate", "appropriate_people") == [3, 2]
    assert values(outcome, "quarter", "2015-04-01", "appropriate", "appropriate_people") == [2, 2]
    assert values(outcome, "quarter", "2015-10-01", "appropriate", "appropriate_people") == [1, 1]


@pytest.mark.parametrize(
    ("given", "assessed", "appropriate", "engaged"),
    [
        (through(), 1, 1, 1),
        (through(vulnerable="N"), 1, 0, 0),
        (through(vulnerable=None), 1, 1, 1),
        (through(outcome="declined"), 1, 0, 0),
        (through(outcome="pending"), 1, 0, 0),
        (through(consent=None), 1, 1, 0),
        (through(engaged_service_flag="N"), 1, 1, 1),
        (case(engaged_service_flag="Y"), 1, 1, 0),
        (through(assessed=None), 0, 0, 0),
        (through(assessed="2016-04-01"), 0, 0, 0),
        # Referred in the year before, assessed in this one: it counts where it was assessed.
        (through(referral_date="2015-03-30", assessed="2015-04-01"), 1, 1, 1),
    ],
)
def test_who_counts(given, assessed, appropriate, engaged):
    outcome = made([given])
    assert values(outcome, *YEAR, "assessed", "appropriate", "engaged") == [assessed, appropriate, engaged]


def test_engagement_counts_in_the_month_of_the_assessment():
    outcome = made([through(consent="2015-07-15", support_plan_date="2015-08-01", assessed="2015-06-30")])
    assert values(outcome, "month", "2015-06-01", "engaged") == [1]
    assert values(outcome, "month", "2015-08-01", "engaged") == [0]


def test_nobody_appropriate_is_zero_and_no_conversion():
    outcome = made([case(outcome="declined")])
    assert values(outcome, *YEAR, "appropriate", "engaged") == [0, 0]
    row = one(outcome, "conversion", *YEAR)
    assert row["symbols"] == "[x]"
    assert math.isnan(row["value"])


@pytest.mark.parametrize(("appropriate", "symbol"), [(19, "[u]"), (20, "")])
def test_low_reliability_below_twenty(appropriate, symbol):
    outcome = made([through()] + [case() for _ in range(appropriate - 1)])
    assert one(outcome, "conversion", *YEAR)["symbols"] == symbol


def test_every_figure_of_engagement_gives_the_provisional_wording():
    outcome = made([through()])
    for part in ("engaged", "conversion"):
        assert outcome.loc[outcome["part"] == part, "note"].str.contains("provisional wording: consent given").all()
    assert not outcome.loc[outcome["part"] == "appropriate", "note"].str.contains("provisional").any()


def test_undelivered_month_is_not_zero():
    outcome = made([case()], missing=["2015-08"])
    for start in ("month", "2015-08-01"), ("quarter", "2015-07-01"), ("fy", "2015-04-01"):
        row = one(outcome, "appropriate", *start)
        assert (row["symbols"], "2015-08 not delivered" in row["note"]) == ("[x]", True)
    assert values(outcome, "quarter", "2015-04-01", "appropriate") == [1]


def years(before, now, **of):
    cases = [case("2014-06-10") for _ in range(before)] + [case() for _ in range(now)]
    return made(cases, first="2014-04", **of)


@pytest.mark.parametrize(
    ("before", "now", "word"), [(40, 90, "improved"), (90, 40, "worsened"), (60, 62, "no significant change")]
)
def test_direction_is_judged_by_polarity_on_the_measure_only(before, now, word):
    outcome = years(before, now, mode="direction", polarity="higher_better")
    row = one(outcome, "appropriate", *YEAR)
    assert (row["comparison"], row["change"], row["previous_value"]) == (word, now - before, before)
    assert one(outcome, "assessed", *YEAR)["comparison"] in ("higher", "lower", "similar")


def test_other_modes_judge_nothing():
    for mode in ("none", "monitor_only", "target"):
        words = set(years(40, 90, mode=mode, polarity="higher_better")["comparison"])
        assert words <= {"", "higher", "lower", "similar"}
    assert set(years(40, 90, mode="baseline_year", polarity="higher_better")["comparison"]) == {""}


def test_table_is_that_of_the_contract_whatever_the_order_of_rows():
    held = draw(scale=0.2)
    outcome = measure.calculate(held, setting())
    assert is_tidy(outcome, NAME)
    assert outcome["baseline_value"].isna().all()
    assert measure.calculate(shuffled(held), setting()).equals(outcome)


def test_nothing_delivered_gives_no_row_and_no_case_gives_zeros():
    assert made([], missing=["2015-04"], last="2015-04").empty
    outcome = made([])
    assert is_tidy(outcome, NAME)
    assert values(outcome, *YEAR, "assessed", "appropriate", "appropriate_people", "engaged") == [0, 0, 0, 0]
    assert one(outcome, "appropriate", *YEAR)["as_at"] == "2016-03-31"
