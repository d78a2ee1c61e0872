"""Rules of the outcome tables of SP03 to SP07, each with good and with bad input."""

from functools import cache
from importlib import import_module

import pandas as pd
import pytest

from expectations.outcomes.recent import recent_share
from expectations.register import Thresholds
from expectations.suites import Facts
from tests.expectations.judged import outcomes as outcomes_of
from tests.outcomes.services import draw, setting

LIMITS = Thresholds().model_dump()
FILES = {
    "SP03": "sp03_dash_training",
    "SP04": "sp04_domestic_abuse_referrals",
    "SP05": "sp05_vulnerable_victims_engaged",
    "SP06": "sp06_quality_of_life",
    "SP07": "sp07_service_user_satisfaction",
}
CONTRACTS = {measure: import_module(f"expectations.outcomes.{file}") for measure, file in FILES.items()}


def outcomes(held):
    return {m: import_module(f"assets.outcomes.{file}").calculate(held, setting()) for m, file in FILES.items()}


@cache
def drawn():
    return outcomes(draw())


@pytest.fixture(scope="module")
def good():
    return drawn()


def verdicts(measure, rows):
    contract = CONTRACTS[measure]
    return outcomes_of(contract.suite(LIMITS), {contract.TABLE.name: rows}, Facts(LIMITS, ()))


def errors(measure):
    return {rule.name for rule in CONTRACTS[measure].suite(LIMITS).rules if rule.severity == "ERROR"}


@pytest.mark.parametrize("measure", FILES)
def test_good_tables_meet_every_rule(good, measure):
    found = verdicts(measure, good[measure])
    assert set(found.values()) == {"passed"}, found


@pytest.mark.parametrize("seed", [2, 3])
def test_small_tables_meet_every_rule_that_blocks(seed):
    for measure, rows in outcomes(draw(seed, scale=0.04)).items():
        found = verdicts(measure, rows)
        blocking = {name: outcome for name, outcome in found.items() if name in errors(measure)}
        assert set(blocking.values()) <= {"passed", "not applicable"}, blocking
        assert "crashed" not in found.values()


@pytest.mark.parametrize("measure", FILES)
def test_empty_table_fails_its_floor_and_crashes_nothing(good, measure):
    found = verdicts(measure, good[measure].iloc[:0])
    assert found["row_floor"] == "failed"
    assert "crashed" not in found.values()


def test_counts_of_nothing_crash_nothing():
    held = {
        name: frame if name.endswith("completeness") else frame.iloc[:0] for name, frame in draw(scale=0.04).items()
    }
    for measure, rows in outcomes(held).items():
        found = verdicts(measure, rows)
        assert set(found.values()) <= {"passed", "not applicable"}, found


def put(column, value, part, kind="fy", breakdown=""):
    """A change of one figure that is there: a value, or a function of the old one."""

    def change(rows):
        rows = rows.copy()
        where = (rows["part"] == part) & (rows["period_kind"] == kind) & rows["value"].notna()
        where &= rows["breakdown"] == breakdown if breakdown is not None else True
        first = rows.index[where][-1]
        rows.loc[first, column] = value(rows.loc[first, column]) if callable(value) else value
        return rows

    return change


def scaled(part, factor, kinds=("month", "r12", "quarter", "fy"), column="numerator"):
    """Every numerator of a part times a factor."""

    def change(rows):
        rows = rows.copy()
        rows.loc[(rows["part"] == part) & rows["period_kind"].isin(kinds), column] *= factor
        return rows

    return change


#: Measure, rule, and a change of the outcome table that breaks it.
BROKEN = [
    ("SP03", "people_within_attendances", put("numerator", lambda n: n + 500, "people_trained")),
    ("SP03", "people_within_attendances", put("numerator", lambda n: n + 500, "refreshers", "month")),
    ("SP03", "cumulative_never_falls", put("numerator", lambda n: n - 50, "cumulative_people", "month")),
    ("SP03", "cumulative_never_falls", put("numerator", 1, "cumulative_people", "fy")),
    ("SP03", "named_association", put("note", "", "pdas_referrals_change", "quarter", None)),
    ("SP03", "named_association", put("note", "", "dash_checklists_after", "quarter", None)),
    ("SP03", "enough_matched", scaled("match_rate", 0.5)),
    ("SP03", "periods_sum", put("numerator", lambda n: n + 1, "attendances", "quarter")),
    ("SP03", "missing_never_zero", put("symbols", "[x]", "people_trained")),
    ("SP04", "sources_sum", put("numerator", lambda n: n + 1, "referrals", "r12", "source=police")),
    ("SP04", "sources_sum", lambda rows: rows[rows["breakdown"] != "source=self"]),
    ("SP04", "first_time_within_referrals", put("numerator", lambda n: n + 999, "first_time_referrals", "r12")),
    ("SP04", "first_time_within_referrals", put("numerator", lambda n: n + 999, "first_time_unknown", "ytd")),
    ("SP04", "first_time_within_referrals", put("numerator", lambda n: n + 999, "clients", "fy")),
    ("SP04", "first_time_within_referrals", put("numerator", lambda n: n + 999, "first_time_clients", "fy")),
    ("SP04", "levels_sum", put("numerator", lambda n: n + 1, "risk_level", "r12", "risk=high")),
    ("SP04", "levels_sum", put("denominator", lambda n: n + 1, "risk_level", "r12", "risk=high")),
    ("SP04", "no_flag_before_its_return", put("period_start", "2015-03-01", "police_da_offences", "month")),
    ("SP04", "nothing_judged", put("comparison", "improved", "referrals")),
    ("SP04", "periods_sum", put("numerator", lambda n: n + 1, "engaged", "quarter")),
    ("SP05", "each_within_the_next", put("numerator", lambda n: n + 99, "engaged", "r12")),
    ("SP05", "each_within_the_next", put("numerator", lambda n: n + 99, "consented", "ytd")),
    ("SP05", "each_within_the_next", put("numerator", lambda n: n + 99, "appropriate", "r12")),
    ("SP05", "people_within_assessments", put("numerator", lambda n: n + 99, "appropriate_people")),
    ("SP05", "people_within_assessments", put("numerator", 0, "appropriate_people")),
    ("SP05", "named_provisional", put("note", "", "conversion")),
    ("SP05", "periods_sum", put("numerator", lambda n: n + 1, "appropriate", "quarter")),
    ("SP06", "clients_sum", put("numerator", lambda n: n + 1, "improved", "r12")),
    ("SP06", "clients_sum", put("numerator", lambda n: n + 1, "unmatched", "ytd")),
    ("SP06", "clients_sum", put("numerator", 99, "identical", "r12")),
    ("SP06", "share_within_bounds", put("value", 99.9, "worst_case", "fy")),
    ("SP06", "share_within_bounds", put("value", 0.1, "best_case", "fy")),
    ("SP06", "coverage_enough", scaled("coverage", 0.6)),
    ("SP06", "coverage_good", scaled("coverage", 0.85)),
    ("SP06", "not_copied_forward", lambda rows: scaled("identical", 0)(rows).assign(
        numerator=lambda f: f["numerator"].where(f["part"] != "identical", 8)
    )),
    ("SP06", "limits_ordered", put("lower", 101, "improved_share")),
    ("SP07", "quarters_sum", put("numerator", lambda n: n + 1, "responses")),
    ("SP07", "quarters_sum", put("numerator", lambda n: n + 1, "valid", "quarter")),
    ("SP07", "quarters_sum", lambda rows: rows[~((rows["part"] == "exited") & (rows["period_start"] == "2014-07-01"))]),
    ("SP07", "valid_among_responses", put("numerator", lambda n: n + 99, "valid", "quarter")),
    ("SP07", "valid_among_responses", put("denominator", lambda n: n + 1, "satisfied", "quarter")),
    ("SP07", "enough_responded", scaled("response_rate", 0.5)),
]  # fmt: skip


@pytest.mark.parametrize(("measure", "rule", "change"), BROKEN)
def test_rule_fails_on_what_it_is_for(good, measure, rule, change):
    changed = change(good[measure])
    assert not changed.equals(good[measure])
    assert verdicts(measure, changed)[rule] == "failed"


def shares(*rows):
    frame = pd.DataFrame(rows, columns=["period_kind", "period_end", "numerator", "denominator"])
    return frame.assign(part="p", breakdown="")


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([("r12", "2016-02-29", 1, 10), ("r12", "2016-03-31", 4, 10), ("month", "2016-03-31", 9, 9)], 0.4),
        ([("r12", "2016-03-31", 1, 9), ("month", "2015-03-31", 3, 4), ("month", "2016-03-31", 3, 8)], 0.5),
        ([("r12", "2016-03-31", 1, 9), ("month", "2016-03-31", 1, 9)], None),
        ([("r12", "2016-03-31", float("nan"), float("nan")), ("r12", "2016-02-29", 5, 10)], 0.5),
        ([("fy", "2016-03-31", 5, 10)], None),
        ([], None),
    ],
)
def test_recent_share(rows, found):
    assert recent_share(shares(*rows), "p", year="r12", step="month") == found
    assert recent_share(shares(*rows).assign(breakdown="a=b"), "p", year="r12", step="month") is None
