import math

import pytest

from assets.outcomes import sp07_service_user_satisfaction as measure
from tests.methods.references import golden
from tests.outcomes.services import complete, draw, is_tidy, one, says_decision, setting, shuffled, tables, values

NAME = "outcome_sp07_service_user_satisfaction"
YEAR = ("fy", "2015-04-01")
MONTHS = {"2015-16Q1": "2015-06", "2015-16Q2": "2015-09", "2015-16Q3": "2015-12", "2015-16Q4": "2016-03"}


def responses(*answers, quarter="2015-16Q2", **given):
    return [{"overall": answer, "quarter": quarter, "month": MONTHS[quarter]} | given for answer in answers]


def exits(number, day="2015-08-10"):
    return [{"referral_date": "2015-05-01", "exit_date": day} for _ in range(number)]


def made(survey, left=(), first="2015-04", last="2016-03", missing=(), cases_missing=(), **of):
    held = tables(first, last, missing, asb_survey=survey, asb_case=list(left))
    held["clean_asb_case_completeness"] = complete(first, last, cases_missing)
    return measure.calculate(held, setting(**of))


def test_opens_with_the_words_of_the_board():
    assert says_decision(measure, "SP07")


def test_case_of_the_specification():
    given, expect = golden("SP07-a")["input"], golden("SP07-a")["expect"]
    answers = ["5"] * 30 + ["4"] * (given["satisfied"] - 30) + ["3"] * (given["valid"] - given["satisfied"])
    answers += [None, "dont_know", "prefer_not"][: given["responded"] - given["valid"]]
    outcome = made(responses(*answers), exits(given["exited"]), mode="baseline_year", polarity="higher_better")
    for period in (YEAR, ("quarter", "2015-07-01")):
        row = one(outcome, "satisfied", *period)
        assert row[["value", "lower", "upper"]].tolist() == pytest.approx(
            [expect["pct"], expect["wilson_lo"], expect["wilson_hi"]], abs=1e-6
        )
        assert (row["numerator"], row["denominator"]) == (given["satisfied"], given["valid"])
        assert expect["label"] in row["note"]
        assert (row["symbols"], row["comparison"], expect["rag"]) == ("", "", None)
        rate = one(outcome, "response_rate", *period)
        assert rate["value"] == pytest.approx(expect["response_rate_pct"], abs=1e-6)
        assert values(outcome, *period, "responses", "valid", "exited") == [55, 52, 74]


def test_no_valid_answer_is_not_available():
    expect = golden("SP07-c")["expect"]
    outcome = made(responses(None, "dont_know", "prefer_not"), exits(5))
    row = one(outcome, "satisfied", *YEAR)
    assert (row["symbols"], expect["pct"]) == (expect["symbol"], None)
    assert math.isnan(row["value"])
    assert values(outcome, *YEAR, "responses", "valid") == [3, 0]
    assert values(outcome, *YEAR, "response_rate") == [60]


def test_never_carried_forward_from_the_quarter_before():
    outcome = made(responses("5", "4"), exits(3))
    assert one(outcome, "satisfied", "quarter", "2015-10-01")["symbols"] == "[x]"
    assert values(outcome, "quarter", "2015-10-01", "responses") == [0]


@pytest.mark.parametrize(
    ("answer", "valid", "satisfied"),
    [
        ("5", 1, 1),
        ("4", 1, 1),
        ("3", 1, 0),
        ("2", 1, 0),
        ("1", 1, 0),
        ("dont_know", 0, 0),
        ("prefer_not", 0, 0),
        (None, 0, 0),
    ],
)
def test_which_answers_count(answer, valid, satisfied):
    row = one(made(responses(answer, "3"), exits(4)), "satisfied", *YEAR)
    assert (row["denominator"], row["numerator"]) == (1 + valid, satisfied)


@pytest.mark.parametrize(
    ("answered", "left", "symbol"), [(30, 100, ""), (30, 101, "[u]"), (29, 100, "[u]"), (19, 30, "[u]"), (20, 30, "")]
)
def test_low_reliability_below_thirty_percent_or_twenty_answers(answered, left, symbol):
    row = one(made(responses(*["4"] * answered), exits(left)), "satisfied", *YEAR)
    assert row["symbols"] == symbol
    assert (measure.LOW_RESPONSE_NOTE in row["note"]) is (100 * answered < 30 * left)


def test_response_rate_is_not_known_without_cases_and_the_share_says_so():
    outcome = made(responses("5", "4"), exits(3), cases_missing=["2015-08"])
    assert one(outcome, "response_rate", *YEAR)["symbols"] == "[x]"
    row = one(outcome, "satisfied", *YEAR)
    assert (row["value"], row["note"]) == (100, "response rate not known")


def test_more_responses_than_exits_is_no_rate():
    outcome = made(responses("5", "4", "4"), exits(2))
    row = one(outcome, "response_rate", *YEAR)
    assert (row["symbols"], row["note"]) == ("[x]", "more responses than cases closed")
    assert values(outcome, *YEAR, "satisfied", "exited") == [100, 2]


def test_only_whole_quarters_and_years():
    outcome = made(responses("5"), exits(1), last="2016-02")
    assert set(outcome["period_kind"]) == {"quarter"}
    outcome = made(responses("5", "4"), exits(2), missing=["2015-08"])
    row = one(outcome, "satisfied", "quarter", "2015-07-01")
    assert (row["symbols"], row["note"]) == ("[x]", "2015-08 not delivered")
    assert set(made(responses("5"), exits(1))["period_kind"]) == {"quarter", "fy"}


def test_exits_count_in_their_own_quarter():
    outcome = made(responses("5"), [*exits(2), *exits(3, "2015-12-31"), *exits(1, None)])
    found = [values(outcome, "quarter", start, "exited")[0] for start in ("2015-04-01", "2015-07-01", "2015-10-01")]
    assert found == [0, 2, 3]
    assert values(outcome, *YEAR, "exited") == [5]


def test_spread_of_other_questions():
    survey = responses("5", felt_safer=4) + responses("4", felt_safer=4) + responses("1", felt_safer=1) + responses("1")
    outcome = made(survey, exits(9))
    found = {answer: one(outcome, "felt_safer", *YEAR, breakdown=f"answer={answer}") for answer in range(1, 6)}
    assert [found[answer]["numerator"] for answer in found] == [1, 0, 0, 2, 0]
    assert {found[answer]["denominator"] for answer in found} == {3}
    assert one(outcome, "would_recommend", *YEAR, breakdown="answer=1")["symbols"] == "[x]"


def test_change_is_worded_once_the_baseline_year_is_over():
    survey = responses(*["5"] * 20 + ["1"] * 60, quarter="2015-16Q1") + responses(*["5"] * 60 + ["1"] * 20)
    survey += [row | {"month": "2014-06", "quarter": "2014-15Q1"} for row in responses(*["5"] * 20 + ["1"] * 20)]
    left = exits(200)
    judged = made(survey, left, first="2014-04", mode="direction", polarity="higher_better")
    row = one(judged, "satisfied", "quarter", "2015-04-01")
    assert (row["comparison"], row["change"]) == ("worsened", -25)
    assert one(judged, "responses", "quarter", "2015-04-01")["comparison"] == "higher"
    assert set(made(survey, left, first="2014-04", mode="baseline_year", polarity="higher_better")["comparison"]) == {
        ""
    }


def test_table_is_that_of_the_contract_whatever_the_order_of_rows():
    held = draw(scale=0.5)
    outcome = measure.calculate(held, setting())
    assert is_tidy(outcome, NAME)
    assert measure.calculate(shuffled(held), setting()).equals(outcome)


def test_nothing_delivered_gives_no_row_and_no_response_gives_zeros():
    assert made([], missing=["2015-04"], last="2015-04").empty
    outcome = made([])
    assert is_tidy(outcome, NAME)
    assert values(outcome, *YEAR, "responses", "valid", "exited") == [0, 0, 0]
    assert one(outcome, "satisfied", *YEAR)["symbols"] == "[x]"
