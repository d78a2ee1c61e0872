"""Every check of `required.toml` has been seen to fail: rules that many tables share here, one after another, by a generic fault.

Tables are made by hand or drawn at random, and none by the pipeline. Rules of one source's or measure's own are broken in the files
beside this one; those of the open data and of SP01 here too, in small.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import pandas as pd
import pytest

from assets.outcomes import sp01_close_the_gap as sp01
from expectations.contracts import PARTNERS, TABLES
from expectations.contracts.model import KEY_PATTERN, Table
from expectations.gx import run_suite
from expectations.register import Thresholds
from expectations.required import SNAPSHOT
from expectations.suites import Facts, build_suites
from methods.periods import month_range
from tests.expectations import test_outcome_suites_a as outcomes_a
from tests.expectations import test_outcome_suites_b as outcomes_b
from tests.expectations import test_source_suites as sources
from tests.expectations import test_suites as refreshed
from tests.expectations.judged import Frames, outcome, outcomes
from tests.outcomes.crimes import frame
from tests.outcomes.invented import CRIMES, SETTING

LIMITS = Thresholds().model_dump()
SUITES = build_suites(LIMITS)
#: Thirty months, so that first referrals can be looked back for.
MONTHS = month_range("2013-01", "2015-06")
PLACES = tuple(f"N{number:02d}" for number in range(1, 12))
FACTS = Facts(
    LIMITS,
    ("alpha",),
    priority_sets={"ten": PLACES[:10]},
    crime_categories=(*CRIMES, "unknown"),
    # As a release writes them: of forces, and of partner sources beside them.
    months_released={name: tuple(MONTHS) for name in ("alpha", *PARTNERS)},
)


# Good tables ----------------------------------------------------------------------------------------------------------


def partner(source: str) -> Frames:
    """All tables of a partner source: its right rows, spread over the months, and one row set aside."""
    contract = PARTNERS[source]
    held = sources.frames(source, *sources.RIGHT[source], **sources.beside(source))
    number = len(held[contract.clean.name]) // len(MONTHS)
    months = [
        {"month": month, "received": 1, "delivered_rows": number + 20, "counted": number, "superseded": 20}
        | {"quarantined": 0, "repeated": 0, "out_of_scope": 0, "previous_rows": number}
        for month in MONTHS
    ]
    unread = dict.fromkeys(months[0], 0) | {"month": "", "delivered_rows": 1, "quarantined": 1, "previous_rows": None}
    raw = {"sha256": "a" * 64, "size": 10, "form": "csv", "delivered_rows": 5, "versions": 2, "spans": "2013-01-01/2015-06-30"}  # fmt: skip
    raw |= {"coverage_start": "2013-01-01", "coverage_end": "2015-06-30", "replaces_until": "2015-05-31"}
    aside = {"sha256": "a" * 64, "row_number": 1, "reason": "type_something"}
    made = {contract.raw: [raw], contract.completeness: [*months, unread], contract.quarantine: [aside]}
    return held | {table.name: frame(table.name, rows) for table, rows in made.items()}


RAW, ROWS, COUNT = "raw_police_street", "clean_police_street", "clean_police_street_count"
DONE, BAD = "clean_police_street_completeness", "clean_police_street_quarantine"
NEIGHBOURHOOD, LOOKUP, PEOPLE = "clean_neighbourhood", "clean_lsoa_neighbourhood", "clean_population"
SP01 = "outcome_sp01_close_the_gap"


def open_data() -> Frames:
    """Street crime of eleven places, ten crimes a month in each of the ten and five in the last, and SP01 of it."""
    lsoas = {place: f"E01{number:06d}" for number, place in enumerate(PLACES, start=1)}
    sha = {"sha256": "a" * 64}
    slots = [{"force": "alpha", "month": month} for month in MONTHS]
    crimes = [
        {"month": month, "lsoa_code": lsoa, "category": "burglary", "counted": 5 if place == PLACES[-1] else 10}
        for month in MONTHS
        for place, lsoa in lsoas.items()
    ]
    singly = pd.DataFrame(crimes).pipe(lambda f: f.loc[f.index.repeat(f["counted"])]).reset_index(drop=True)
    singly = singly.assign(row_id=singly.index + 1, force="alpha", lsoa_vintage="2011", crime_id=singly.index.map(hex))
    account = {"received": 1, "delivered_rows": 105, "counted": 105, "in_area": 105, "without_id": 0}
    account |= dict.fromkeys(("quarantined", "repeated", "moved", "unplaced", "unmatched", "unknown_category"), 0)
    months = [slot | account | {"previous_rows": 105, "previous_in_area": 105} for slot in slots]
    months[0] |= {"delivered_rows": 106, "quarantined": 1}
    raw = {"size": 10, "delivered_rows": 105, "versions": 1} | sha
    residents = [(lsoa, "lsoa11", 1000) for lsoa in lsoas.values()] + [("E06000001", "city", 11000)]
    made = {
        RAW: [slot | raw for slot in slots],
        ROWS: singly.drop(columns="counted").to_dict("records"),
        COUNT: [row | {"force": "alpha"} for row in crimes],
        DONE: months,
        BAD: [slots[0] | sha | {"row_number": 1, "reason": "columns"}],
        NEIGHBOURHOOD: [{"neighbourhood_code": place, "name": f"Name {place}"} for place in PLACES],
        LOOKUP: [
            {"lsoa_code": lsoa, "lsoa_vintage": "2011", "neighbourhood_code": place, "weight": 1.0}
            for place, lsoa in lsoas.items()
        ],
        PEOPLE: [
            {"area_code": code, "area_type": kind, "mid_year": 2013, "persons": persons, "vintage": "test"}
            for code, kind, persons in residents
        ],
    } | {
        f"raw_{source}": [raw | {"source": source}] for source in ("neighbourhood", "lsoa_neighbourhood", "population")
    }
    held = {name: frame(name, rows) for name, rows in made.items()}
    ten = tuple(("ten", place, "2013-01-01", None) for place in PLACES[:10])
    setting = replace(SETTING, forces=("alpha",), priority_set=ten, baseline_fy="2013-14")
    return held | {SP01: sp01.from_tables(held, setting)}


@cache
def good(table: str) -> Frames:
    """A table and what its suite reads, all of it right."""
    return next(held for held in _good() if table in held)


@cache
def _good() -> list[Frames]:
    return [
        open_data(),
        *(partner(source) for source in PARTNERS),
        {outcomes_a.CONTRACTS[measure].TABLE.name: rows for measure, rows in outcomes_a.drawn().items()},
        outcomes_b.drawn(),
    ]


@pytest.mark.parametrize("table", SUITES)
def test_good_tables_meet_every_rule(table: str) -> None:
    found = outcomes(SUITES[table], good(table), FACTS)
    expected = dict.fromkeys(found, "passed")
    if "quarter_end_heaping" in found:
        expected["quarter_end_heaping"] = "not applicable"  # needs more dates than thirty
    assert found == expected


# Faults that any table can have ---------------------------------------------------------------------------------------

Change = Callable[[pd.DataFrame], pd.DataFrame]
#: Table and rule.
Check = tuple[str, str]


def put(column: str, value: object, row: int = 0) -> Change:
    """One cell changed: to a value, or by a function of the old one."""

    def change(rows: pd.DataFrame) -> pd.DataFrame:
        cells = rows[column].astype(object)
        cells.iloc[row] = value(cells.iloc[row]) if callable(value) else value
        return rows.assign(**{column: pd.Series(cells.tolist(), rows.index)})

    return change


def put_all(**values: object) -> Change:
    return lambda rows: rows.assign(**values)


def more(number: float) -> Callable[[float], float]:
    return lambda figure: figure + number


def emptied(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.iloc[:0]


def repeated(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([rows, rows.iloc[:1]], ignore_index=True)


def one_column_more(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(surname="Bloggs")


def other_order(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows.columns[::-1]]


def blank(table: Table) -> Change:
    return put([column.name for column in table.columns if not column.nullable][-1], None)


def invalid(table: Table) -> list[Change]:
    """A value out of its list, its pattern or its range: of each the first column that has one."""
    columns = [
        next((c.name for c in table.columns if c.allowed), None),
        next((c.name for c in table.columns if c.pattern), None),
    ]
    least = next((c for c in table.columns if c.minimum is not None), None)
    low = [put(least.name, least.minimum - 1)] if least and least.minimum is not None else []
    return [*(put(name, "CANARY 77") for name in columns if name), *low]


def named(table: Table) -> Change:
    """A person's name in the last column that could hold one."""
    texts = [c.name for c in table.columns if c.type == "string" and not c.allowed and c.pattern != KEY_PATTERN]
    return lambda rows: put(texts[-1], "Jo Bloggs")(rows)


def without_value(rows: pd.DataFrame) -> pd.DataFrame:
    return put("value", None, rows.index.get_loc(rows.index[(rows["symbols"] == "") & rows["value"].notna()][0]))(rows)


def beyond(limit: str, number: float) -> Change:
    return lambda rows: rows.assign(**{limit: rows["value"] + number})


def raised(kind: str) -> Change:
    """Every numerator of a kind of period one higher."""
    return lambda rows: rows.assign(numerator=rows["numerator"] + (rows["period_kind"] == kind))


ACCOUNTS = {source.completeness.name for source in PARTNERS.values()}
#: Tables that are like another in all shared rules, in which every fault is tried: here the first will do.
ALIKE = {
    name
    for name in TABLES
    if name != SP01 and (name.startswith("outcome") or any(f"_{one}" in name for one in PARTNERS))
} - {table.name for table in (PARTNERS["police_crime"].raw, *PARTNERS["police_crime"].made_together)}


def faults(table: str, rule: str) -> list[Change]:
    """Changes of a table each of which must break the rule; none for a rule that is not of many tables."""
    of = TABLES[table]
    contract = {
        "row_floor": [emptied],
        "columns": [one_column_more, other_order],
        "complete": [blank(of)],
        "key_unique": [repeated],
        "valid": invalid(of),
    }
    every = [change for name, changes in contract.items() for change in changes if name != "row_floor"]
    shared = contract | {
        "contract_met": [*every, *([emptied] if of.minimum_rows else [])],
        "no_personal_pattern": [named(of)],
        "coverage_not_shorter": [put("replaces_until", "2015-07-01")],
        "rows_match_completeness": [repeated, lambda rows: rows.iloc[1:]],
        "missing_never_zero": [put_all(symbols="[x]"), without_value],
        "limits_ordered": [beyond("lower", 1), beyond("upper", -1)],
        "periods_sum": [raised("fy"), raised("quarter")],
    }
    account = {
        "rows_conserved": [put("counted", more(1)), put("delivered_rows", more(-1)), put("superseded", more(1))],
        "bad_rows": [lambda rows: rows.assign(quarantined=rows["delivered_rows"])],
        "no_month_vanished": [
            put("received", 0, 1),
            lambda rows: rows.iloc[2:],
            lambda rows: rows.assign(previous_rows=50, superseded=rows["delivered_rows"]),
        ],
        "not_shrunk": [lambda rows: rows.assign(previous_rows=rows["previous_rows"] * 1.1)],
        "some_month_complete": [put_all(received=0)],
        "volume_usual": [put("counted", 50, 1), put("counted", 0, 1)],
    }
    found = (shared | account if table in ACCOUNTS else shared).get(rule, [])
    return found[:1] if table in ALIKE else found


#: Table, rule: every rule that many tables have.
SHARED = [(name, rule.name) for name, suite in SUITES.items() for rule in suite.rules if faults(name, rule.name)]


@pytest.mark.parametrize(("table", "rule"), SHARED)
def test_shared_rule_fails_on_what_it_is_for(table: str, rule: str) -> None:
    held = good(table)
    for number, change in enumerate(faults(table, rule)):
        assert outcome(SUITES[table], rule, held | {table: change(held[table])}, FACTS) == "failed", number


# Faults of one table --------------------------------------------------------------------------------------------------


def part(name: str, kind: str, column: str, number: float) -> Change:
    """A figure of the last period of a kind changed."""

    def change(rows: pd.DataFrame) -> pd.DataFrame:
        label = rows.index[(rows["part"] == name) & (rows["period_kind"] == kind) & rows["value"].notna()][-1]
        return put(column, more(number), rows.index.get_loc(label))(rows)

    return change


REFERRALS = "clean_pdas_referral"
#: Table, rule, the table that is changed (the same, or one that its suite reads), and the change.
OWN: list[tuple[str, str, str, Change]] = [
    (REFERRALS, "referral_once", REFERRALS, lambda f: repeated(f).pipe(put("referral_key", "f" * 64, -1))),
    *((f"clean_{name}_completeness", "keys_unique", f"clean_{name}_quarantine", put_all(reason="key_repeated")) for name in PARTNERS),
    (ROWS, "one_offence_once", ROWS, lambda f: repeated(f).pipe(put("row_id", 10**6, -1))),
    (COUNT, "counts_match_completeness", COUNT, put("counted", more(1))),
    (COUNT, "counts_match_completeness", DONE, put("counted", more(1))),
    (COUNT, "counts_match_rows", COUNT, put("category", "robbery")),
    (COUNT, "counts_match_rows", ROWS, lambda f: f.iloc[1:]),
    (DONE, "rows_conserved", DONE, put("moved", 1)),
    (DONE, "bad_rows", DONE, put("quarantined", 2)),
    (DONE, "repeated_ids", DONE, put("repeated", 6)),
    (DONE, "category_known", DONE, put("unknown_category", 1)),
    (DONE, "no_month_vanished", DONE, put("in_area", 0)),
    (DONE, "no_month_vanished", DONE, lambda f: f.iloc[1:]),
    (DONE, "not_shrunk", DONE, put("previous_rows", 112)),
    (DONE, "some_month_complete", DONE, put_all(received=0)),
    (DONE, "some_month_complete", DONE, put_all(force="beta")),
    (DONE, "lsoa_matched", DONE, put("unmatched", 3)),
    (DONE, "unplaced_usual", DONE, put("unplaced", 11)),
    (DONE, "volume_usual", DONE, put("delivered_rows", 211)),
    (DONE, "volume_usual", DONE, put("delivered_rows", 52)),
    (BAD, "quarantine_matches_completeness", BAD, emptied),
    (BAD, "quarantine_matches_completeness", DONE, put("quarantined", 1, 1)),
    (LOOKUP, "weights_sum", LOOKUP, put("weight", 0.999)),
    (LOOKUP, "vintages_agree", LOOKUP, lambda f: pd.concat([f, f.iloc[:1].assign(lsoa_vintage="2021", neighbourhood_code="N02")])),
    (PEOPLE, "every_neighbourhood_peopled", PEOPLE, lambda f: f.iloc[1:-1]),
    (PEOPLE, "every_neighbourhood_peopled", NEIGHBOURHOOD, put("neighbourhood_code", "N99")),
    (PEOPLE, "city_agrees", PEOPLE, put("persons", 1012, -1)),
    (SP01, "unallocated_few", NEIGHBOURHOOD, lambda f: f.iloc[1:]),
    (SP01, "unallocated_very_few", LOOKUP, put("weight", 0.5)),
    (SP01, "parts_sum", SP01, part("neighbourhood", "month", "numerator", 1)),
    (SP01, "parts_sum", SP01, part("ten", "month", "numerator", 1)),
    (SP01, "parts_sum", COUNT, put("counted", more(1))),
    (SP01, "gap_is_difference", SP01, part("gap", "r12", "value", 0.001)),
    (SP01, "ten_above_city", SP01, part("ten", "fy", "value", -100)),
    (SP01, "neighbourhoods_steady", SP01, part("neighbourhood", "fy", "value", 40)),
]  # fmt: skip


@pytest.mark.parametrize(("table", "rule", "changed", "change"), OWN)
def test_own_rule_fails_on_what_it_is_for(table: str, rule: str, changed: str, change: Change) -> None:
    held = good(table)
    assert changed in (table, *SUITES[table].reads)
    assert outcome(SUITES[table], rule, held | {changed: change(held[changed])}, FACTS) == "failed"


#: Lists that are no priority set of ten.
NOT_TEN = {
    "nine": {"ten": PLACES[:9]},
    "eleven": {"ten": PLACES},
    "twice": {"ten": (*PLACES[:9], PLACES[0])},
    "unknown": {"ten": (*PLACES[:9], "N99")},
    "none": {},
}
#: Table, rule: broken by the register.
BY_REGISTER = [(SP01, "priority_set_is_ten")]


@pytest.mark.parametrize(("table", "rule"), BY_REGISTER)
@pytest.mark.parametrize("sets", NOT_TEN.values(), ids=NOT_TEN)
def test_rule_about_the_register(table: str, rule: str, sets: dict[str, tuple[str, ...]]) -> None:
    assert outcome(SUITES[table], rule, good(table), replace(FACTS, priority_sets=sets)) == "failed"


def test_months_released_of_partner_sources_are_no_months_of_street_files() -> None:
    """The release names forces and sources alike."""
    assert outcome(SUITES[DONE], "no_month_vanished", good(DONE), FACTS) == "passed"
    gone = replace(FACTS, months_released={"alpha": ("2012-12",)})
    assert outcome(SUITES[DONE], "no_month_vanished", good(DONE), gone) == "failed"


@pytest.mark.parametrize("table", ["raw_hate_report", "clean_crc_event", "clean_asb_case_completeness", DONE, SP01])
def test_both_ways_of_judging_come_to_one_verdict(table: str) -> None:
    held, suite = good(table), SUITES[table]
    shared = [rule for name, rule in SHARED if name == table and rule in ("bad_rows", "limits_ordered")]
    for change in (repeated, *(faults(table, rule)[0] for rule in shared)):
        frames = held | {table: change(held[table])}
        found = {verdict.rule.name: verdict.outcome for verdict in run_suite(suite, frames, FACTS)}
        assert outcomes(suite, frames, FACTS) == found
        assert "failed" in found.values()


# All of them ----------------------------------------------------------------------------------------------------------


def of_measure(contracts: Mapping[str, Any]) -> Callable[..., Check]:
    return lambda measure, rule, *_: (contracts[measure].TABLE.name, rule)


#: Tests, one of their lists of cases, and the check that a case has seen to fail (None if it has not).
PROOFS: list[tuple[Any, Sequence[Any], Callable[..., Check | None]]] = [
    (sys.modules[__name__], SHARED, lambda *check: check),
    (sys.modules[__name__], OWN, lambda table, rule, *_: (table, rule)),
    (sys.modules[__name__], BY_REGISTER, lambda *check: check),
    (refreshed, refreshed.BROKEN, lambda table, rule, _: (table, rule)),
    (sources, sources.ASIDE, lambda source, rule, _: (f"clean_{source}", rule)),
    (sources, sources.BY_ROWS, lambda source, rule, _, became: (f"clean_{source}", rule) if became == "failed" else None),
    (outcomes_a, outcomes_a.BROKEN, of_measure(outcomes_a.CONTRACTS)),
    (outcomes_b, outcomes_b.BROKEN, of_measure(outcomes_b.CONTRACTS)),
    (outcomes_b, outcomes_b.BROKEN_BESIDE, of_measure(outcomes_b.CONTRACTS)),
]  # fmt: skip


def test_every_list_of_cases_is_of_a_test() -> None:
    for module, cases, _ in PROOFS:
        marks = [mark for test in vars(module).values() for mark in getattr(test, "pytestmark", ())]
        assert any(mark.args[1] is cases for mark in marks if mark.name == "parametrize"), module.__name__


def test_every_required_check_has_been_seen_to_fail() -> None:
    required = tomllib.loads(SNAPSHOT.read_text(encoding="utf-8"))
    wanted = {(table, rule) for table, rules in required.items() for rule in rules}
    proven = {check for _, cases, of in PROOFS for case in cases if (check := of(*case))}
    assert sorted(wanted - proven) == []
    assert sorted(proven - wanted) == []
    assert len(wanted) > 400
