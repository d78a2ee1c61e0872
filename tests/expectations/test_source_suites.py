"""Own rules of the twelve partner sources: met by right rows, many or few or none, and broken by what each is for."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from expectations.contracts import PARTNERS
from expectations.contracts.model import Column, Table
from expectations.register import Thresholds
from expectations.suites import Facts, Suite
from expectations.suites.figures import quarter_end_heaping
from expectations.suites.personal import personal_patterns
from methods.periods import month_range
from tests.clean.given import cleaned, given
from tests.expectations.judged import outcomes

LIMITS = Thresholds().model_dump()
FACTS = Facts(LIMITS, ())
ARROW = {"string": pa.string(), "int": pa.int64(), "float": pa.float64()}
Frames = dict[str, pd.DataFrame]
Change = dict[str, Any]


def stored(table: Table, rows: pd.DataFrame) -> pd.DataFrame:
    """Rows as the warehouse gives them back."""
    arrays = [
        pa.array([None if pd.isna(value) else value for value in rows[column.name].astype(object)], ARROW[column.type])
        for column in table.columns
    ]
    return pa.table(arrays, names=table.column_names).to_pandas()


def frames(
    source: str, *changes: Change, reasons: Iterable[str] = (), months: Iterable[str] = ("2015-06",), **others: Any
) -> Frames:
    """The clean tables of a source made from rows, with rows set aside for these reasons and these months received."""
    contract = PARTNERS[source]
    rows = cleaned(source, given(source, *changes) if changes else given(source).iloc[:0]).rows
    for field in contract.delivery.fields:
        if field.type == "key" and field.name in rows:
            rows = rows.assign(**{field.name: rows[field.name].map(_hashed, na_action="ignore")})
    aside = pd.DataFrame({"sha256": "a" * 64, "row_number": 1, "reason": list(reasons)})
    account = pd.DataFrame({column.name: 0 for column in contract.completeness.columns}, index=list(months))
    return {
        contract.clean.name: stored(contract.clean, rows),
        contract.quarantine.name: aside,
        contract.completeness.name: account.assign(month=account.index, received=1).reset_index(drop=True),
        **{table: frame for other in others.values() for table, frame in other.items()},
    }


def _hashed(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def verdicts(source: str, held: Frames) -> dict[str, str]:
    """Outcome of each own rule of the source."""
    own = import_module(f"expectations.suites.{source}")
    table = PARTNERS[source].clean.name
    suite = Suite(table, own.RULES(LIMITS), reads=own.READS, profile=own.profile)
    seen = {name: held[name] for name in (table, *suite.reads)}
    return outcomes(suite, seen, FACTS)


def times(number: int, change: Change) -> list[Change]:
    return [change] * number


LICENCES: list[Change] = [{"licence_key": f"L{n}", "sender_eligible_flag": "Y"} for n in range(30)]
ON_LICENCE: list[Change] = [{"licence_key": f"L{n}", "event_date": "2015-06-02"} for n in range(30)]


def star(case: str, kind: str, day: str, score: object, domain: str = "safety", **more: object) -> Change:
    return {"case_key": case, "reading_type": kind, "reading_date": day, "score": score, "domain": domain, **more}


#: Thirty right rows or so of each source.
RIGHT: dict[str, list[Change]] = {
    "police_crime": [
        *times(30, {"ho_code": "8N", "alcohol_flag": "N"}),
        *times(60, {"ho_code": "8P", "alcohol_flag": "Y", "hate_flag": "Y", "hate_strands": "race;disability"}),
    ],
    "police_incident": times(30, {"category": "hate", "strands": "religion"}),
    "pdas_referral": [
        {
            "client_key": f"C{n}",
            "received_date": "2015-06-02",
            "service_first_time_flag": "Y",
            "household_known": "Y",
            "n_children_u18": 0,
            "sexual_violence": "N",
            "dash_score": 14,
            "risk_level": "high",
        }
        for n in range(30)
    ],
    "dash_training": times(30, {}),
    "asb_case": times(
        30,
        {
            "assessed_date": "2015-06-03",
            "outcome": "appropriate",
            "vulnerable": "Y",
            "consent_date": "2015-06-03",
            "first_contact_date": "2015-06-04",
            "support_plan_date": "2015-06-05",
        },
    ),
    "asb_star": [
        row
        for n in range(30)
        for row in (star(f"K{n}", "entry", "2015-06-02", 4), star(f"K{n}", "exit", "2015-09-02", 5))
    ],
    "asb_survey": times(30, {}),
    "crc_licence": LICENCES,
    "crc_event": ON_LICENCE,
    "crc_reoffence": times(30, {}),
    "hate_report": times(30, {}),
    "hate_survey": times(30, {}),
}


def beside(source: str) -> dict[str, Frames]:
    """The other sources that a source's rules look at."""
    return {"licences": frames("crc_licence", *LICENCES)} if source == "crc_event" else {}


@pytest.mark.parametrize("source", PARTNERS)
def test_right_rows_meet_every_rule(source: str) -> None:
    held = frames(source, *RIGHT[source], months=month_range("2013-04", "2015-06"), **beside(source))
    found = verdicts(source, held)
    untold = {"quarter_end_heaping"}  # needs more dates than thirty
    assert {name: outcome for name, outcome in found.items() if outcome != "passed"} == {
        name: "not applicable" for name in untold & found.keys()
    }


@pytest.mark.parametrize("source", PARTNERS)
@pytest.mark.parametrize("number", [0, 1])
def test_hardly_any_rows_break_no_rule(source: str, number: int) -> None:
    """A small area in its first month must not be blocked or warned by chance."""
    held = frames(source, *RIGHT[source][:number], **beside(source))
    assert set(verdicts(source, held).values()) <= {"passed", "not applicable"}


def _set(**values: object) -> Callable[[list[Change]], list[Change]]:
    """The first row changed."""
    return lambda rows: [{**rows[0], **values}, *rows[1:]]


def _all(**values: object) -> Callable[[list[Change]], list[Change]]:
    return lambda rows: [{**row, **values} for row in rows]


def _some(number: int, **values: object) -> Callable[[list[Change]], list[Change]]:
    return lambda rows: [{**row, **values} for row in rows[:number]] + rows[number:]


#: Source, rule, a change of its right rows, and what becomes of the rule.
BY_ROWS: list[tuple[str, str, Callable[[list[Change]], list[Change]], str]] = [
    ("police_crime", "strands_flagged", _set(hate_strands="race"), "failed"),
    ("police_crime", "strands_flagged", _set(hate_flag="N", hate_strands="race"), "failed"),
    ("police_crime", "aggravated_unflagged", lambda r: [*r[:88], *times(2, {"ho_code": "8P"})], "failed"),
    ("police_crime", "aggravated_unflagged", lambda r: [*r[:89], {"ho_code": "8P"}], "passed"),  # 1 of 60
    (
        "police_crime",
        "aggravated_unflagged",
        lambda r: [*r, *times(9, {"ho_code": "8P", "hate_flag": "Y", "hate_strands": "disability"})],
        "failed",
    ),
    ("police_crime", "aggravated_unflagged", lambda r: r[:30] + times(40, {"ho_code": "8P"}), "not applicable"),
    (
        "police_crime",
        "aggravated_unflagged",
        lambda r: [*r, *times(9, {"ho_code": "8P", "status": "cancelled", "status_date": "2015-07-01"})],
        "passed",
    ),
    ("police_crime", "alcohol_flag_complete", lambda r: _some(18, alcohol_flag="")(r), "passed"),  # 72 of 90
    ("police_crime", "alcohol_flag_complete", lambda r: _some(19, alcohol_flag="")(r), "failed"),
    ("pdas_referral", "client_key_complete", _set(client_key=""), "failed"),  # 1 of 30
    ("pdas_referral", "client_key_complete", lambda r: _set(client_key="")(r * 2), "passed"),  # 1 of 60
    ("pdas_referral", "level_matches_score", _set(risk_level="medium"), "failed"),
    ("pdas_referral", "level_matches_score", _set(dash_score=13), "passed"),
    ("pdas_referral", "judgement_recorded", _set(dash_score=13), "failed"),
    ("pdas_referral", "judgement_recorded", _set(dash_score=13, professional_judgement="Y"), "passed"),
    ("pdas_referral", "household_unknown", _some(6, household_known="N"), "passed"),
    ("pdas_referral", "household_unknown", _some(7, household_known="N"), "failed"),
    ("pdas_referral", "household_unknown", _some(7, n_children_u18=""), "failed"),
    ("pdas_referral", "sexual_violence_unknown", _some(6, sexual_violence="not_asked"), "passed"),
    ("pdas_referral", "sexual_violence_unknown", _some(7, sexual_violence=""), "failed"),
    ("pdas_referral", "first_time_agrees", _some(1, service_first_time_flag="N"), "passed"),
    ("pdas_referral", "first_time_agrees", _some(2, service_first_time_flag="N"), "failed"),
    ("dash_training", "agency_known", _set(agency="elsewhere"), "failed"),
    ("asb_case", "stages_nested", _set(outcome="declined"), "failed"),
    ("asb_case", "stages_nested", _set(assessed_date=""), "failed"),
    ("asb_case", "stages_nested", _set(consent_date="", outcome="declined"), "passed"),
    ("asb_case", "appropriate_are_vulnerable", _set(vulnerable="N"), "failed"),
    ("asb_case", "assessment_has_outcome", _some(1, outcome="", consent_date=""), "passed"),
    ("asb_case", "assessment_has_outcome", _some(2, outcome="", consent_date=""), "failed"),
    ("asb_star", "entry_before_exit", lambda r: [star("K0", "entry", "2015-09-02", 4), *r[1:]], "failed"),
    ("asb_star", "entry_before_exit", lambda r: [star("K0", "entry", "2015-09-03", 4), *r[1:]], "failed"),
    ("asb_star", "entry_before_exit", lambda r: [*r, star("K0", "exit", "2015-05-01", 4)], "passed"),
    ("asb_star", "entry_before_exit", lambda r: [*r, star("K99", "exit", "2015-05-01", 4)], "passed"),
    ("asb_star", "copied_forward", _all(score=4), "failed"),
    ("crc_licence", "eligibility_agrees", _set(sender_eligible_flag="N"), "failed"),
    ("crc_licence", "eligibility_agrees", _set(sender_eligible_flag=""), "passed"),
    ("crc_licence", "eligibility_agrees", _all(sender_eligible_flag=""), "not applicable"),
    ("crc_licence", "licence_length_usual", _set(licence_end="2015-11-01"), "passed"),  # 184 days
    ("crc_licence", "licence_length_usual", _set(licence_end="2015-11-02"), "failed"),
    ("crc_licence", "open_past_end", _set(licence_end="", licence_start="2014-09-28"), "failed"),
    ("crc_licence", "open_past_end", _set(licence_end="", licence_start="2014-09-29"), "passed"),
    ("crc_licence", "quarter_end_heaping", lambda r: r * 10, "failed"),  # all end on 30 June
    ("crc_event", "event_has_licence", _set(licence_key="L99"), "failed"),
    ("crc_event", "event_has_licence", _set(licence_key="L99", event_type="death"), "passed"),
    ("crc_event", "event_before_start", _set(event_date="2015-04-30"), "failed"),
    ("crc_event", "event_before_start", _set(event_date="2015-05-01"), "passed"),
    ("crc_event", "event_before_start", _set(event_date="2015-04-30", event_type="death"), "failed"),
    ("crc_event", "event_after_end", _set(event_date="2015-07-01"), "failed"),
    ("crc_event", "event_after_end", _set(event_date="2015-06-30"), "passed"),
    ("crc_event", "event_after_end", _set(event_date="2015-07-01", event_type="pss_breach_proven"), "passed"),
    (
        "crc_event",
        "transfer_before_event",
        lambda r: [{**r[0], "event_type": "transfer_nps"}, {**r[1], "licence_key": "L0"}, *r[2:]],
        "failed",
    ),
    ("crc_event", "quarter_end_heaping", lambda r: _all(event_date="2015-06-30")(r * 10), "failed"),
    ("hate_report", "strand_present", lambda r: r, "passed"),
]


@pytest.mark.parametrize(("source", "rule", "change", "outcome"), BY_ROWS)
def test_rule_by_its_rows(source: str, rule: str, change: Callable[[list[Change]], list[Change]], outcome: str) -> None:
    right = RIGHT[source]
    rows = [
        # Rows repeated by a test are of other licences or people.
        {**row, **{key: f"{row[key]}/{n // len(right)}" for key in ("licence_key", "client_key") if n >= len(right) and row.get(key)}}
        for n, row in enumerate(change(right))
    ]  # fmt: skip
    held = frames(source, *rows, months=month_range("2013-04", "2015-06"), **beside(source))
    assert verdicts(source, held)[rule] == outcome


#: Source, rule, and why a row was set aside that breaks it.
ASIDE = [
    ("police_crime", "hate_has_strand", "hate_without_strand"),
    ("police_incident", "hate_has_strand", "hate_without_strand"),
    ("pdas_referral", "received_in_coverage", "outside_coverage"),
    ("pdas_referral", "level_matches_score", "value_dash_score"),
    ("dash_training", "attendance_coded", "attendance_not_coded"),
    ("asb_case", "dates_ordered", "dates_out_of_order"),
    ("asb_star", "scores_in_scale", "score_out_of_range"),
    ("asb_star", "scores_in_scale", "value_score"),
    ("asb_star", "scores_in_scale", "type_score"),
    ("crc_licence", "dates_ordered", "dates_out_of_order"),
    ("crc_licence", "licence_not_too_long", "licence_too_long"),
    ("hate_report", "strand_present", "strand_missing"),
    ("hate_report", "strand_present", "blank_strands"),
    ("hate_report", "strands_valid", "value_strands"),
]


@pytest.mark.parametrize(("source", "rule", "reason"), ASIDE)
def test_one_row_set_aside_breaks_the_rule_it_is_for_and_no_other(source: str, rule: str, reason: str) -> None:
    rows = RIGHT[source]
    found = verdicts(source, frames(source, *rows, reasons=[reason, "blank_something_else"]))
    assert {name for name, outcome in found.items() if outcome == "failed"} == {rule}
    assert "failed" not in verdicts(source, frames(source, *rows, reasons=["blank_something_else"])).values()


def test_a_repeated_referral_breaks_the_rule() -> None:
    held = frames("pdas_referral", *RIGHT["pdas_referral"])
    name = "clean_pdas_referral"
    twice = pd.concat([held[name], held[name].iloc[:1].assign(referral_key="f" * 64)], ignore_index=True)
    assert verdicts("pdas_referral", held | {name: twice})["referral_once"] == "failed"
    blank = twice.assign(client_key=twice["client_key"].mask(twice["client_key"] == twice["client_key"].iloc[0]))
    assert verdicts("pdas_referral", held | {name: blank})["referral_once"] == "passed"


def test_first_time_is_compared_only_where_the_look_back_is_covered() -> None:
    rows = [{**row, "service_first_time_flag": "N"} for row in RIGHT["pdas_referral"]]
    for first, outcome in (("2013-07", "not applicable"), ("2013-06", "failed")):
        held = frames("pdas_referral", *rows, months=month_range(first, "2015-06"))
        assert verdicts("pdas_referral", held)["first_time_agrees"] == outcome


@pytest.mark.parametrize(("identical", "outcome"), [(9, "passed"), (10, "failed")])
def test_copied_stars(identical: int, outcome: str) -> None:
    """Nine of thirty is 30%; a change in one of two domains is none; domains scored once do not count."""
    rows = [
        row
        for n in range(30)
        for row in (
            star(f"K{n}", "entry", "2015-06-02", 4),
            star(f"K{n}", "entry", "2015-06-02", 4, "housing"),
            star(f"K{n}", "entry", "2015-06-20", 9),  # not the first
            star(f"K{n}", "exit", "2015-08-02", 9),  # not the last
            star(f"K{n}", "exit", "2015-09-02", 4),
            star(f"K{n}", "exit", "2015-09-02", 4 if n < identical else 5, "housing"),
            star(f"K{n}", "exit", "2015-09-02", 7, "finances"),
            star(f"K{n}", "exit", "2015-09-02", 8, scorer="client"),  # the joint score stands
        )
    ]
    assert verdicts("asb_star", frames("asb_star", *rows))["copied_forward"] == outcome


@pytest.mark.parametrize(
    ("transfer", "failed", "outcome"),
    [("2015-06-01", "2015-06-15", "failed"), ("2015-06-01", "2015-06-16", "passed"), ("2015-06-02", "2015-06-01", "passed")],
)  # fmt: skip
def test_transfer_just_before_a_failing_event(transfer: str, failed: str, outcome: str) -> None:
    rows = [
        {"licence_key": "L1", "event_date": transfer, "event_type": "transfer_nps"},
        {"licence_key": "L1", "event_date": failed},
        {"licence_key": "L2", "event_date": transfer},
    ]
    held = frames("crc_event", *rows, **beside("crc_event"))
    assert verdicts("crc_event", held)["transfer_before_event"] == outcome


def test_heaping_on_the_last_day_of_a_quarter() -> None:
    year = pd.Series(pd.date_range("2015-04-01", "2016-03-31").strftime("%Y-%m-%d"))
    assert quarter_end_heaping([year]) == pytest.approx(4 / (366 * 4 / 365.25))
    heaped = pd.concat([year, pd.Series(["2015-06-30"] * 12)])
    assert quarter_end_heaping([year, heaped, heaped[:0]]) == pytest.approx(16 / (378 * 4 / 365.25))
    assert quarter_end_heaping([year[:100]]) is None
    assert quarter_end_heaping([]) is None


FREE = Table("free", "", "", ("code",), (Column("code", "string", ""),))


@pytest.mark.parametrize(
    "text",
    [
        "jo.bloggs@example.org",
        "07700 900123",
        "07700900123",
        "+44 7700 900123",
        "(01632) 960 001",
        "a_07700_900123",
        "QQ123456C".replace("QQ", "AB"),
        "ab 12 34 56 c",
        "PL4 8AA",
        "pl48aa",
        "SW1A_1AA",
        "Jo Bloggs",
        "JO BLOGGS",
        "Jo B Bloggs",
        "Jo_Bloggs",
        "Mary-Ann O'Neill",
        "Bloggs, Jo",
        "bloggs, jo",
        "Mrs Bloggs",
        "dr_bloggs",
    ],
)
def test_what_looks_like_a_person(text: str) -> None:
    rows = pd.DataFrame({"code": [text, "46", text, None]})
    assert personal_patterns(FREE, rows) == {"personal_patterns": 2}


@pytest.mark.parametrize(
    "text",
    [
        "28A", "105B", "37.2", "48/1", "8P", "E06000026", "E01015100", "MH-01", "PL4", "2015-04", "2015-04-01", "2015-16Q1",
        "city_council", "plymouth", "west-devon", "3rd edition", "Second Edition", "2nd Edition", "Version 2", "race;religion",
        "social_worker", "police", "mrsa", "drugs-team", "missing-people", "1234567",
        "a1b2c3d4e5f60718",  # pragma: allowlist secret
    ],
)  # fmt: skip
def test_what_does_not(text: str) -> None:
    assert personal_patterns(FREE, pd.DataFrame({"code": [text]})) == {"personal_patterns": 0}


def test_closed_lists_and_pseudonyms_are_not_looked_at() -> None:
    """A pseudonym may by chance hold eleven digits after a letter."""
    held = frames("dash_training", *RIGHT["dash_training"])
    rows = held["clean_dash_training"].assign(attendee_key="f07700900123" + "a" * 52)
    assert verdicts("dash_training", held | {"clean_dash_training": rows})["no_personal_pattern"] == "passed"


@pytest.mark.parametrize("source", PARTNERS)
def test_a_planted_name_is_found_in_every_column_that_could_hold_one(source: str) -> None:
    table = PARTNERS[source].clean
    held = frames(source, *RIGHT[source][:3], **beside(source))[table.name]
    fixed = {"date", "month", "quarter", "strands"}
    for column in table.columns:
        if column.type == "string" and not column.allowed and "key" not in column.name and column.name not in fixed:
            spoiled = held.assign(**{column.name: "Jo Bloggs"})
            assert personal_patterns(table, spoiled)["personal_patterns"] == len(held), column.name


@pytest.mark.parametrize("source", PARTNERS)
def test_rules_are_named_once_and_have_reasons_and_figures(source: str) -> None:
    own = import_module(f"expectations.suites.{source}")
    rules = own.RULES(LIMITS)
    assert len({rule.name for rule in rules}) == len(rules)
    figures = own.profile(frames(source, *RIGHT[source], **beside(source)), FACTS)
    for rule in rules:
        assert rule.reason[0].islower() or rule.reason.startswith("DASH"), rule.name
        assert not rule.reason.endswith("."), rule.name
        assert all(expect.on == "profile" and expect.arguments["column"] in figures for expect in rule.expects)
