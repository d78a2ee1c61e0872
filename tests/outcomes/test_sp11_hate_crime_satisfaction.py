"""SP11: satisfaction of those who reported hate. Expected values: the specification's case, counts by hand, SQL, statsmodels."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import confint_proportions_2indep

from assets.outcomes import sp11_hate_crime_satisfaction as sp11
from expectations.outcomes import sp11_hate_crime_satisfaction as contract
from tests.campaign import examples
from tests.methods.references import golden
from tests.outcomes.crimes import draw_b, failing, frame, out_of_bounds, spoiled, verdicts
from tests.outcomes.services import is_tidy, one, says_decision, setting, shuffled, tables

NAME = contract.TABLE.name
DIRECTION = setting("direction", "higher_better")
Q1 = {"quarter": "2015-16Q1", "month": "2015-06"}


def answers(quarter=None, **numbers):
    """So many responses with each answer."""
    return [(quarter or Q1) | {"overall": name} for name, number in numbers.items() for _ in range(number)]


def of(rows, first="2015-04", last="2016-03", missing=()):
    return tables(first, last, missing, hate_survey=rows)


def test_satisfaction_of_the_specification():
    case = golden("SP11-a")
    table = sp11.calculate(of(answers(**case["input"])), DIRECTION)
    row = one(table, "satisfied", "quarter", "2015-04-01")
    expect = case["expect"]
    assert (row["numerator"], row["denominator"], row["value"]) == (expect["satisfied"], expect["valid"], expect["pct"])
    assert (row["lower"], row["upper"]) == pytest.approx((expect["wilson_lo"], expect["wilson_hi"]), abs=1e-6)
    assert (row["method"], row["unit"]) == ("wilson", "%")


def test_scales_are_never_pooled():
    police = answers(completely=1, very=1, fairly=1, neither=1)
    council = [row | {"scale_id": "council5"} for row in answers(very=2, fairly=1, neither=1, very_dis=1, dont_know=7)]
    table = sp11.calculate(of(police + council), DIRECTION)
    figures = {
        part: tuple(one(table, part, "quarter", "2015-04-01")[["numerator", "denominator"]])
        for part in ("satisfied", "satisfied_council5")
    }
    assert figures == {"satisfied": (3, 4), "satisfied_council5": (3, 5)}


def test_a_scale_that_is_not_used_has_no_figures_and_the_polices_is_always_there():
    assert set(sp11.calculate(of(answers(very=1)), DIRECTION)["part"]) == {"satisfied"}
    council = [row | {"scale_id": "council5"} for row in answers(very=1)]
    table = sp11.calculate(of(council), DIRECTION)
    assert set(table["part"]) == {"satisfied", "satisfied_council5"}
    assert set(table.loc[table["part"] == "satisfied", "symbols"]) == {"[x]"}


def test_quarters_and_years_only():
    quarters = [
        {"quarter": f"2015-16Q{q}", "month": month}
        for q, month in enumerate(("2015-06", "2015-09", "2015-12", "2016-03"), 1)
    ]
    rows = [row for q, quarter in enumerate(quarters) for row in answers(quarter, very=q, very_dis=2)]
    table = sp11.calculate(of(rows), DIRECTION)
    assert set(table["period_kind"]) == {"quarter", "fy"}
    year = one(table, "satisfied", "fy", "2015-04-01")
    assert (year["numerator"], year["denominator"]) == (6, 14)
    starts = ("2015-04-01", "2015-07-01", "2015-10-01", "2016-01-01")
    assert [one(table, "satisfied", "quarter", start)["numerator"] for start in starts] == [0, 1, 2, 3]


def test_without_a_valid_answer_or_a_delivery_there_is_no_figure():
    """The survey stops after the first quarter; the second is empty, the third not delivered."""
    table = sp11.calculate(of(answers(very=30, dont_know=3), missing=("2015-11",)), DIRECTION)
    assert one(table, "satisfied", "quarter", "2015-04-01")["value"] == 100
    for start, why in (("2015-07-01", "nobody in the denominator"), ("2015-10-01", "2015-11 not delivered")):
        row = one(table, "satisfied", "quarter", start)
        assert (row["symbols"], row["note"]) == ("[x]", why)
    assert one(table, "satisfied", "fy", "2015-04-01")["symbols"] == "[x]"
    only = sp11.calculate(of(answers(dont_know=5)), DIRECTION)
    assert set(only["symbols"]) == {"[x]"}


def test_few_answers_are_of_low_reliability():
    for number, symbols in ((19, "[u]"), (20, "")):
        table = sp11.calculate(of(answers(very=number)), DIRECTION)
        assert one(table, "satisfied", "quarter", "2015-04-01")["symbols"] == symbols


def test_by_strand_group_where_it_is_given():
    rows = answers(very=3) + answers(neither=1)
    rows = [row | {"strand_group": group} for row, group in zip(rows, ("race", "other", None, "race"), strict=True)]
    table = sp11.calculate(of(rows), DIRECTION)
    groups = {
        name: tuple(
            one(table, "satisfied", "quarter", "2015-04-01", f"strand_group={name}")[["numerator", "denominator"]]
        )
        for name in ("race", "other")
    }
    assert groups == {"race": (1, 2), "other": (1, 1)}
    assert one(table, "satisfied", "quarter", "2015-04-01")["denominator"] == 4


@pytest.mark.parametrize(
    ("before", "after", "word"),
    [((40, 80), (70, 80), "improved"), ((70, 80), (40, 80), "worsened"), ((40, 80), (45, 80), "no significant change")],
)
def test_change_by_newcombe(before, after, word):
    earlier = {"quarter": "2014-15Q1", "month": "2014-06"}
    rows = answers(earlier, very=before[0], neither=before[1] - before[0])
    rows += [row | {"strand_group": "race"} for row in answers(very=after[0], neither=after[1] - after[0])]
    table = sp11.calculate(of(rows, first="2014-04"), DIRECTION)
    row = one(table, "satisfied", "quarter", "2015-04-01")
    low, high = confint_proportions_2indep(*after, *before, method="newcomb", compare="diff")
    assert (row["change_lower"], row["change_upper"]) == pytest.approx((100 * low, 100 * high))
    assert row["comparison"] == word
    neutral = sp11.calculate(of(rows, first="2014-04"), setting("monitor_only", "higher_better"))
    assert one(neutral, "satisfied", "quarter", "2015-04-01")["comparison"] in ("higher", "lower", "similar")


@given(st.integers(0, 500))
@hypothesis_settings(max_examples=examples(8), deadline=None)
def test_checks_pass_on_any_good_rows(seed):
    held = draw_b(seed, 0.1)
    table = sp11.calculate(held, DIRECTION)
    known = table.dropna(subset=["value"])
    assert ((known["numerator"] <= known["denominator"]) & known["value"].between(0, 100)).all()
    assert out_of_bounds(contract, held | {NAME: table}) == set()


def test_tidy_and_order_of_rows_changes_nothing():
    held = draw_b(4, 0.5)
    table = sp11.calculate(held, DIRECTION)
    assert is_tidy(table, NAME)
    pd.testing.assert_frame_equal(sp11.calculate(shuffled(held), DIRECTION), table, check_exact=True)
    assert says_decision(sp11, "SP11")


# Its checks -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def good():
    held = draw_b(5, 1.0)
    return held | {NAME: sp11.calculate(held, DIRECTION)}


@pytest.mark.parametrize("scale", [0.04, 1.0])
def test_suite_passes_on_good_tables(scale):
    held = draw_b(6, scale)
    assert set(verdicts(contract, held | {NAME: sp11.calculate(held, DIRECTION)}).values()) == {"passed"}


@pytest.mark.parametrize(
    ("rule", "column", "value", "where"),
    [
        ("quarters_make_years", "numerator", 1, {"part": "satisfied", "period_kind": "fy"}),
        ("quarters_make_years", "denominator", 1, {"breakdown": "strand_group=race", "period_kind": "fy"}),
        (
            "answers_of_one_scale",
            "denominator",
            1,
            {"part": "satisfied_council5", "breakdown": "", "period_kind": "quarter"},
        ),
        ("groups_within_total", "denominator", 10**3, {"breakdown": "strand_group=other"}),
        ("limits_ordered", "upper", -200, {"part": "satisfied"}),
    ],
)
def test_rule_fails_on_what_it_is_for(good, rule, column, value, where):
    assert rule in failing(contract, good | {NAME: spoiled(good[NAME], column, value, **where)})


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows.assign(scale_id="police7"),  # pooled
        lambda rows: rows.assign(
            overall=rows["overall"].replace("dont_know", "neither")
        ),  # don't know taken for an answer
        lambda rows: rows.iloc[5:],
    ],
)
def test_figures_that_are_not_those_of_the_answers_are_found(good, change):
    assert failing(contract, good | {"clean_hate_survey": change(good["clean_hate_survey"])}) == {
        "answers_of_one_scale"
    }


def test_suite_survives_empty_tables(good):
    empty = {name: rows.iloc[:0] for name, rows in good.items()} | {NAME: frame(NAME, [])}
    found = verdicts(contract, empty)
    assert {rule for rule, verdict in found.items() if verdict != "passed"} == {"row_floor"}
