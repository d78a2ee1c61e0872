"""Each rule with good and with bad input; Great Expectations' traps; nothing of a row in a verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import pytest

from expectations.contracts import TABLES
from expectations.gx import run_suite
from expectations.register import Thresholds
from expectations.suites import Expect, Facts, Rule, Suite, build_suites
from expectations.suites.generic import contract_rules, violations
from expectations.suites.model import at_least, at_most, none
from tests.e2e.city import full_city

LIMITS = Thresholds().model_dump()
SUITES = build_suites(LIMITS)
Frames = dict[str, pd.DataFrame]
CANARY = "CANARY-77"


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> tuple[Frames, Facts]:
    """Every table of a small city, all of it right."""
    workspace = full_city(tmp_path_factory).open()
    with workspace.warehouse.snapshot() as snapshot:
        frames = {name: snapshot.frame(table) for name, table in TABLES.items()}
    workspace.warehouse.close()
    return frames, workspace.pipeline.facts()


def verdicts(table: str, frames: Frames, facts: Facts) -> dict[str, str]:
    return {v.rule.name: v.outcome for v in run_suite(SUITES[table], frames, facts)}


def test_good_tables_meet_every_required_rule(good: tuple[Frames, Facts]) -> None:
    for table, suite in SUITES.items():
        found = verdicts(table, *good)
        for rule in suite.rules:
            # A first delivery has none before it that it could be shorter than.
            if rule.severity == "ERROR" and (rule.name, found[rule.name]) != ("not_shrunk", "not applicable"):
                assert found[rule.name] == "passed", f"{table}/{rule.name}"


def _set(column: str, value: object, row: int = 0) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def change(frame: pd.DataFrame) -> pd.DataFrame:
        frame = frame.astype({column: object})
        frame.loc[frame.index[row], column] = value
        if not isinstance(value, str) and value is not None:
            frame[column] = pd.to_numeric(frame[column])
        return frame

    return change


def _add(
    column: str, amount: float, where: Callable[[pd.DataFrame], pd.Series]
) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def change(frame: pd.DataFrame) -> pd.DataFrame:
        frame = frame.copy()
        first = frame.index[where(frame)][0]
        frame[column] = frame[column].astype(float)
        frame.loc[first, column] += amount
        return frame

    return change


def _month(part: str, kind: str = "month") -> Callable[[pd.DataFrame], pd.Series]:
    return lambda f: (f["part"] == part) & (f["period_kind"] == kind) & f["value"].notna()


def _received(frame: pd.DataFrame) -> pd.Series:
    return frame["received"] == 1


ROWS, COUNT = "clean_police_street", "clean_police_street_count"
DONE, BAD = "clean_police_street_completeness", "clean_police_street_quarantine"
LOOKUP, PEOPLE, PLACES = "clean_lsoa_neighbourhood", "clean_population", "clean_neighbourhood"
SP01, SP08 = "outcome_sp01_close_the_gap", "outcome_sp08_serious_acquisitive_crime"


#: Table, rule, and a change of the table that breaks it.
BROKEN: list[tuple[str, str, Callable[[pd.DataFrame], pd.DataFrame]]] = [
    (ROWS, "row_floor", lambda f: f.iloc[:0]),
    (ROWS, "complete", _set("category", None)),
    (ROWS, "key_unique", lambda f: pd.concat([f, f.iloc[:1]])),
    (ROWS, "valid", _set("lsoa_code", CANARY)),
    (ROWS, "one_offence_once", lambda f: pd.concat([f, f.dropna(subset="crime_id").iloc[:1].assign(row_id=10**9)])),
    (ROWS, "rows_match_completeness", lambda f: f.iloc[1:]),
    (COUNT, "counts_match_completeness", _add("counted", 1, lambda f: f["counted"] > 0)),
    (COUNT, "counts_match_rows", lambda f: f.assign(category=f["category"].replace("burglary", "robbery"))),
    (DONE, "rows_conserved", _add("counted", 1, _received)),
    (DONE, "bad_rows", _add("quarantined", 40, _received)),
    (DONE, "repeated_ids", _add("repeated", 60, _received)),
    (DONE, "category_known", _add("unknown_category", 1, _received)),
    (DONE, "no_month_vanished", _set("in_area", 0)),
    (DONE, "not_shrunk", lambda f: f.assign(previous_rows=f["delivered_rows"] * 1.2)),
    (DONE, "some_month_complete", lambda f: f.assign(received=0)),
    (DONE, "lsoa_matched", _add("unmatched", 5, _received)),
    (DONE, "unplaced_usual", _add("unplaced", 200, _received)),
    (DONE, "volume_usual", _add("delivered_rows", 5000, _received)),
    (DONE, "valid", _set("received", 2)),
    (LOOKUP, "weights_sum", _set("weight", 0.9)),
    (LOOKUP, "vintages_agree", lambda f: pd.concat([f, f.assign(lsoa_vintage="2021", neighbourhood_code="MH-01")])),
    (LOOKUP, "valid", _set("lsoa_code", CANARY)),
    (LOOKUP, "key_unique", lambda f: pd.concat([f, f.iloc[:1]])),
    (PEOPLE, "every_neighbourhood_peopled", lambda f: f[f["area_code"] != f["area_code"].iloc[-1]]),
    (PEOPLE, "city_agrees", _add("persons", 500, lambda f: f["area_type"] == "city")),
    (PEOPLE, "complete", _set("persons", None)),
    (PLACES, "columns", lambda f: f.rename(columns={"name": "surname"})),
    (SP01, "missing_never_zero", _set("symbols", "[x]")),
    (SP01, "limits_ordered", _add("lower", 1000, _month("city"))),
    (SP01, "periods_sum", _add("numerator", 1, _month("city", "quarter"))),
    (SP01, "periods_sum", _add("numerator", 1, _month("ten", "fy"))),
    (SP01, "parts_sum", _add("numerator", 1, _month("neighbourhood"))),
    (SP01, "gap_is_difference", _add("value", 0.001, _month("gap"))),
    (SP01, "ten_above_city", _add("value", -200, _month("ten", "fy"))),
    (SP08, "groups_sum", _add("numerator", 1, _month("robbery", "r12"))),
    (SP08, "named_proxy", lambda f: f.assign(note="")),
    (SP08, "levels_only", _set("comparison", "improved")),
    (SP08, "key_unique", lambda f: pd.concat([f, f.iloc[:1]])),
]


@pytest.mark.parametrize(("table", "rule", "change"), BROKEN)
def test_rule_fails_on_what_it_is_for(
    good: tuple[Frames, Facts], table: str, rule: str, change: Callable[[pd.DataFrame], pd.DataFrame]
) -> None:
    frames, facts = good
    months = {"vale-and-moor": tuple(frames[DONE]["month"])}
    changed = {**frames, table: change(frames[table])}
    suite = replace(SUITES[table], rules=tuple(r for r in SUITES[table].rules if r.name == rule))
    (found,) = run_suite(suite, changed, replace(facts, months_released=months))
    assert found.outcome in (("failed", "crashed") if rule == "columns" else ("failed",))


@pytest.mark.parametrize("codes", [9, 11, "twice", "unknown"])
def test_priority_set_of_other_than_ten(good: tuple[Frames, Facts], codes: int | str) -> None:
    frames, facts = good
    ((name, ten),) = facts.priority_sets.items()
    changed = {
        9: ten[:-1],
        11: (*ten, "MH-01"),
        "twice": (*ten[:-1], ten[0]),
        "unknown": (*ten[:-1], "MH-99"),
    }[codes]
    assert verdicts(SP01, frames, replace(facts, priority_sets={name: changed}))["priority_set_is_ten"] == "failed"
    assert verdicts(SP01, frames, replace(facts, priority_sets={}))["priority_set_is_ten"] == "failed"


def test_unallocated_crimes(good: tuple[Frames, Facts]) -> None:
    frames, facts = good
    lost = frames[PLACES].iloc[4:]
    found = verdicts(SP01, {**frames, PLACES: lost}, facts)
    assert found["unallocated_few"] == "failed"
    assert found["unallocated_very_few"] == "failed"


def test_no_city_population_is_not_applicable_and_never_passed(good: tuple[Frames, Facts]) -> None:
    frames, facts = good
    people = frames[PEOPLE]
    assert (
        verdicts(PEOPLE, {**frames, PEOPLE: people[people["area_type"] != "city"]}, facts)["city_agrees"]
        == "not applicable"
    )


@pytest.mark.parametrize("table", [ROWS, COUNT, LOOKUP, PEOPLE])
def test_row_form_and_bulk_form_of_a_contract_agree(good: tuple[Frames, Facts], table: str) -> None:
    """The two ways of checking a contract come to one verdict, on good rows and on spoiled ones."""
    frame = good[0][table].head(400)
    text = next(c.name for c in TABLES[table].columns if c.pattern or c.allowed)
    spoiled = [
        frame,
        frame.iloc[:0],
        pd.concat([frame, frame.iloc[:1]]),
        _set(text, CANARY)(frame),
        _set(text, None)(frame),
    ]
    for rows in spoiled:
        by_rows = Suite(table, contract_rules(TABLES[table]))
        bulk = Suite(
            table,
            contract_rules(TABLES[table], bulk=True),
            profile=lambda f, _: violations(TABLES[table], f[table]),
        )
        facts = Facts(LIMITS, ())
        one, two = ({v.rule.name: v.outcome for v in run_suite(s, {table: rows}, facts)} for s in (by_rows, bulk))
        assert one == two


def test_an_area_that_stands_twice_fails_by_its_key_alone(good: tuple[Frames, Facts]) -> None:
    frames, facts = good
    twice = pd.concat([frames[PEOPLE], frames[PEOPLE].iloc[-1:]], ignore_index=True)
    found = verdicts(PEOPLE, {**frames, PEOPLE: twice}, facts)
    assert {name for name, outcome in found.items() if outcome != "passed"} == {"key_unique"}


def test_profile_that_cannot_be_formed_is_a_crash_not_a_pass() -> None:
    def broken(_frames: object, _facts: object) -> dict[str, float | None]:
        raise KeyError(CANARY)

    rule = SUITES[DONE].rules[-1]
    suite = Suite(PLACES, (rule,), profile=broken)
    (found,) = run_suite(suite, {PLACES: pd.DataFrame({"name": ["x"]})}, Facts(LIMITS, ()))
    assert found.outcome == "crashed"
    assert CANARY not in str(found)


def test_missing_figure_and_empty_rule_never_pass() -> None:
    empty = Rule("empty", "ERROR", "validity", "checks nothing", ())
    absent = Rule(
        "absent",
        "ERROR",
        "validity",
        "looks at nothing",
        (Expect("ExpectColumnValuesToBeBetween", {"column": "gone", "max_value": 1}, on="profile"),),
    )
    suite = Suite(PLACES, (empty, absent), profile=lambda _f, _x: {"gone": None})
    found = run_suite(suite, {PLACES: pd.DataFrame({"name": ["x"]})}, Facts(LIMITS, ()))
    assert [v.outcome for v in found] == ["failed", "failed"]


def test_each_figure_of_many_gets_its_own_verdict() -> None:
    """All are held against their bounds at once: one that is out, or is no number, leaves the others as they are."""
    rules = tuple(
        Rule(name, "ERROR", "validity", "is within bounds", (expect,))
        for name, expect in (
            ("none", none("zero")),
            ("at_edge", at_least("five", 5)),
            ("out", at_most("five", 4.999)),
            ("below", at_least("five", 5.001)),
            ("no_number", at_most("nan", 1)),
            ("endless", at_most("endless", 10)),
        )
    )
    figures = {"zero": 0, "five": 5, "nan": float("nan"), "endless": float("inf")}
    suite = Suite(PLACES, rules, profile=lambda _f, _x: figures)
    found = run_suite(suite, {PLACES: pd.DataFrame({"name": ["x"]})}, Facts(LIMITS, ()))
    assert [v.outcome for v in found] == ["passed", "passed", "failed", "failed", "failed", "failed"]
    good = replace(suite, rules=rules[:2])
    assert [v.outcome for v in run_suite(good, {PLACES: pd.DataFrame({"name": ["x"]})}, Facts(LIMITS, ()))] == [
        "passed"
    ] * 2


def test_no_suite_is_empty_and_every_one_has_a_floor() -> None:
    for suite in SUITES.values():
        names = [rule.name for rule in suite.rules]
        assert len(names) == len(set(names))
        floor = {"row_floor"} if TABLES[suite.table].minimum_rows else set()
        assert "contract_met" in names or {"columns", "complete", "key_unique"} | floor <= set(names)
        assert all(rule.expects and rule.reason for rule in suite.rules)


def test_verdicts_hold_no_value_of_a_row(good: tuple[Frames, Facts]) -> None:
    frames, facts = good
    spoiled = {**frames, LOOKUP: frames[LOOKUP].assign(lsoa_code=CANARY, neighbourhood_code=CANARY)}
    for verdict in run_suite(SUITES[LOOKUP], spoiled, facts):
        assert CANARY not in str(verdict)
        assert all(isinstance(value, float) for value in verdict.figures.values())
