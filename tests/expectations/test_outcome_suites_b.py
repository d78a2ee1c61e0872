"""Rules of the outcome tables of SP02 and SP08 to SP11, each with good and with bad input."""

from fractions import Fraction
from functools import cache
from importlib import import_module

import pytest

from tests.expectations import judged
from tests.expectations.test_outcome_suites_a import put
from tests.outcomes.crimes import FACTS, LIMITS, draw_b, street, verdicts
from tests.outcomes.services import setting

FILES = {
    "SP02": "sp02_violence",
    "SP08": "sp08_serious_acquisitive_crime",
    "SP09": "sp09_crc_cohort",
    "SP10": "sp10_hate_crime_reporting",
    "SP11": "sp11_hate_crime_satisfaction",
}
CONTRACTS = {measure: import_module(f"expectations.outcomes.{file}") for measure, file in FILES.items()}
TABLES = {measure: contract.TABLE.name for measure, contract in CONTRACTS.items()}
GROUPS = ("burglary", "robbery", "vehicle_crime")
SETTINGS = {
    "SP02": setting(),
    "SP08": setting("monitor_only", proxy_groups={group: group for group in GROUPS}),
    "SP09": setting("target", "higher_better", target=Fraction(3, 4)),
    "SP10": setting("direction", "higher_better"),
    "SP11": setting("direction", "higher_better"),
}
#: Open category of an offence code; of any other it is drugs.
CATEGORY = {"28A": "burglary", "30A": "burglary", "34B": "robbery", "48": "vehicle_crime", "45": "vehicle_crime"}
CATEGORY["126"] = "vehicle_crime"
CRIMES, STREET = "clean_police_crime", "clean_police_street_count"


def opened(held):
    """Open files with the crimes of the extract, for the same months."""
    crimes = held[CRIMES][held[CRIMES]["status"] == "recorded"]
    counts = crimes.groupby(["month", crimes["ho_code"].map(CATEGORY).fillna("drugs")]).size()
    account = held[f"{CRIMES}_completeness"]
    return street(list(account.loc[account["received"] == 1, "month"]), counts.to_dict())


def outcomes(held, files=FILES):
    """The tables with the outcome of each measure beside them."""
    made = {TABLES[m]: import_module(f"assets.outcomes.{files[m]}").calculate(held, SETTINGS[m]) for m in files}
    return held | made


@cache
def drawn(seed=5, scale=0.5):
    held = draw_b(seed, scale)
    return outcomes(held | opened(held))


@cache
def proxy_alone():
    """SP08 of a partnership without the force's own extract."""
    held = {name: rows for name, rows in drawn().items() if "police_crime" not in name and "outcome" not in name}
    return outcomes(held, {"SP08": FILES["SP08"]})


@pytest.mark.parametrize("measure", FILES)
def test_good_tables_meet_every_rule(measure):
    found = verdicts(CONTRACTS[measure], drawn())
    assert set(found.values()) == {"passed"}, found


def found_in(measure, held):
    return judged.outcomes(CONTRACTS[measure].suite(LIMITS), held, FACTS)


@pytest.mark.parametrize("measure", FILES)
def test_small_tables_meet_every_rule(measure):
    found = found_in(measure, drawn(6, 0.04))
    assert set(found.values()) == {"passed"}, found


@pytest.mark.parametrize("measure", FILES)
def test_empty_tables_fail_their_floor_and_no_other_rule(measure):
    found = found_in(measure, {name: rows.iloc[:0] for name, rows in drawn(6, 0.04).items()})
    assert {rule for rule, verdict in found.items() if verdict == "failed"} == {"row_floor"}


@pytest.mark.parametrize("measure", FILES)
def test_counts_of_nothing_meet_every_rule(measure):
    kept = ("completeness", "population", "neighbourhood")
    held = {name: rows if name.endswith(kept) else rows.iloc[:0] for name, rows in drawn(6, 0.04).items()}
    found = found_in(measure, outcomes(held, {measure: FILES[measure]}))
    assert set(found.values()) <= {"passed", "not applicable"}, found


def more(number):
    return lambda figure: figure + number


def moved(part, before, after, column="area_code"):
    """Rows of a part with another text."""
    return lambda rows: rows.assign(
        **{column: rows[column].mask((rows["part"] == part) & (rows[column] == before), after)}
    )


def still_open(rows):
    """A final share although licences of its quarter are open."""
    held = rows[(rows["part"] == "open") & (rows["numerator"] > 0) & (rows["period_kind"] == "quarter")].iloc[0]
    where = (rows["part"] == "kept_share") & (rows[["area_code", "period_kind", "period_start"]] == held[["area_code", "period_kind", "period_start"]]).all(axis=1)  # fmt: skip
    return rows.assign(value=rows["value"].mask(where, 80.0), symbols=rows["symbols"].mask(where, ""))


#: Measure, rule, and a change of the outcome table that breaks it.
BROKEN = [
    ("SP02", "violence_groups_sum", put("numerator", more(1), "homicide", "r12")),
    ("SP02", "violence_groups_sum", put("numerator", more(1), "violence_total", "ytd")),
    ("SP02", "violence_groups_sum", lambda rows: rows[rows["part"] != "driving"]),
    ("SP02", "candidates_within_total", put("numerator", more(10**6), "ente_window", "r12")),
    ("SP02", "candidates_within_total", put("numerator", more(10**6), "with_injury", "ytd")),
    ("SP02", "violence_is_of_recorded_crimes", put("numerator", more(1), "violence_total", "month")),
    ("SP02", "alcohol_needs_answers", lambda rows: rows.assign(
        numerator=rows["numerator"].mask(rows["part"] == "alcohol_flag_completeness", 0)
    )),
    ("SP02", "nothing_judged", put("comparison", "worsened", "with_injury")),
    ("SP02", "periods_sum", put("numerator", more(1), "without_injury", "quarter")),
    ("SP08", "groups_sum", put("numerator", more(1), "robbery", "ytd")),
    ("SP08", "groups_sum", put("numerator", more(1), "sac", "r12")),
    ("SP08", "groups_sum", put("numerator", more(1), "open_data_proxy", "r12", "group=burglary")),
    ("SP08", "groups_sum", lambda rows: rows[rows["part"] != "theft_of_vehicle"]),
    ("SP08", "named_proxy", put("note", "", "open_data_proxy")),
    ("SP08", "named_proxy", put("note", "", "open_data_proxy", "month", "group=robbery")),
    ("SP08", "levels_only", put("comparison", "improved", "sac")),
    ("SP08", "levels_only", put("comparison", "no significant change", "open_data_proxy", "r12")),
    ("SP08", "sac_is_of_recorded_crimes", put("numerator", more(1), "sac", "month")),
    ("SP08", "periods_sum", put("numerator", more(1), "theft_of_vehicle", "quarter")),
    ("SP09", "cohorts_sum", put("numerator", more(1), "failed", "quarter")),
    ("SP09", "cohorts_sum", put("numerator", more(1), "open")),
    ("SP09", "cohorts_sum", put("numerator", more(1), "excluded", "quarter")),
    ("SP09", "quarters_make_years", put("numerator", more(1), "excluded")),
    ("SP09", "quarters_make_years", put("numerator", more(-1), "kept")),
    ("SP09", "bounds_hold", put("value", 101, "lower_bound")),
    ("SP09", "bounds_hold", put("value", more(0.5), "kept_share")),
    ("SP09", "bounds_hold", still_open),
    ("SP09", "city_within_crc", lambda rows: rows.assign(
        numerator=rows["numerator"].mask((rows["part"] == "kept") & (rows["area_code"] != "crc"), 10**5)
    )),
    ("SP09", "penalty_whole", put("value", more(750_000), "penalty_exposure", "quarter")),
    ("SP09", "penalty_whole", moved("penalty_exposure", "crc", "E06000001")),
    ("SP09", "periods_sum", put("numerator", more(1), "cohort")),
    ("SP10", "kinds_and_channels_sum", put("numerator", more(1), "crimes", "ytd")),
    ("SP10", "kinds_and_channels_sum", put("numerator", more(1), "reports", "r12", "channel=council")),
    ("SP10", "kinds_and_channels_sum", put("numerator", more(1), "reports", "r12")),
    ("SP10", "every_report_has_strand", put("numerator", more(10**4), "reports", "r12", "strand=race")),
    ("SP10", "every_report_has_strand", put("numerator", more(10**4), "reports", "r12")),
    ("SP10", "every_report_has_strand", lambda rows: rows[~rows["breakdown"].str.startswith("strand=r")]),
    ("SP10", "within_sources", lambda rows: rows.assign(numerator=rows["numerator"].mask(rows["part"] == "crimes", 0))),
    ("SP10", "within_sources", put("numerator", more(10**4), "reports", "month")),
    ("SP10", "says_what_a_rise_means", put("note", "", "incidents")),
    ("SP10", "periods_sum", put("numerator", more(1), "incidents", "quarter")),
    ("SP11", "quarters_make_years", put("numerator", more(1), "satisfied")),
    ("SP11", "quarters_make_years", put("denominator", more(1), "satisfied", "fy", "strand_group=race")),
    ("SP11", "quarters_make_years", lambda rows: rows[rows["period_start"] != "2014-07-01"]),
    ("SP11", "answers_of_one_scale", put("denominator", more(1), "satisfied_council5", "quarter")),
    ("SP11", "groups_within_total", put("denominator", more(10**3), "satisfied", "quarter", "strand_group=other")),
    ("SP11", "periods_sum", put("numerator", more(1), "satisfied")),
]  # fmt: skip


@pytest.mark.parametrize(("measure", "rule", "change"), BROKEN)
def test_rule_fails_on_what_it_is_for(measure, rule, change):
    held, name = drawn(), TABLES[measure]
    changed = change(held[name])
    assert not changed.equals(held[name])
    assert judged.outcome(CONTRACTS[measure].suite(LIMITS), rule, held | {name: changed}, FACTS) == "failed"


def instead(column, before, after):
    return lambda rows: rows.assign(**{column: rows[column].replace(before, after)})


def fewer(category, share):
    """Open files that lack a share of the crimes of a category."""
    return lambda rows: rows.assign(
        counted=rows["counted"].mask(rows["category"] == category, rows["counted"] * (1 - share))
    )


#: Measure, rule, a table that the suite reads, and a change of it that breaks the rule.
BROKEN_BESIDE = [
    ("SP02", "violence_is_of_recorded_crimes", CRIMES, instead("status", "recorded", "cancelled")),
    ("SP08", "sac_is_of_recorded_crimes", CRIMES, instead("sac_group", "robbery", "")),
    ("SP08", "sac_is_of_recorded_crimes", CRIMES, instead("status", "recorded", "transferred")),
    ("SP08", "sources_reconcile", STREET, fewer("drugs", 0.5)),
    ("SP08", "sources_reconcile", CRIMES, instead("ho_code", "30A", "46")),
    ("SP08", "sources_reconcile_closely", STREET, fewer("drugs", 0.2)),
    ("SP08", "sources_reconcile_closely", CRIMES, instead("ho_code", "46", "126")),
    ("SP09", "cohorts_sum", "clean_crc_licence", instead("eligible", "Y", "N")),
    ("SP09", "cohorts_sum", "clean_crc_licence", instead("in_city", "Y", "N")),
    ("SP10", "every_report_has_strand", "clean_hate_report", instead("strands", "race", "")),
    ("SP10", "every_report_has_strand", CRIMES, instead("hate_strands", "race", "class")),
    ("SP10", "every_report_has_strand", "clean_police_incident", instead("strands", "race", "")),
    ("SP10", "within_sources", CRIMES, instead("hate_flag", "Y", "N")),
    ("SP10", "within_sources", "clean_hate_report", lambda rows: rows.iloc[:0]),
    ("SP11", "answers_of_one_scale", "clean_hate_survey", instead("scale_id", "police7", "council5")),
    ("SP11", "answers_of_one_scale", "clean_hate_survey", instead("overall", "neither", "dont_know")),
]


@pytest.mark.parametrize(("measure", "rule", "table", "change"), BROKEN_BESIDE)
def test_rule_fails_on_what_it_is_held_against(measure, rule, table, change):
    held = drawn()
    suite = CONTRACTS[measure].suite(LIMITS)
    assert table in (*suite.reads, *suite.reads_if_there)
    assert judged.outcome(suite, rule, held | {table: change(held[table])}, FACTS) == "failed"


def test_police_sources_that_drift_a_little_warn_and_do_not_block():
    found = found_in("SP08", drawn() | {STREET: fewer("drugs", 0.2)(drawn()[STREET])})
    assert {rule for rule, verdict in found.items() if verdict != "passed"} == {"sources_reconcile_closely"}


def test_without_the_extract_its_rules_do_not_apply():
    found = found_in("SP08", proxy_alone())
    absent = {"sac_is_of_recorded_crimes", "sources_reconcile", "sources_reconcile_closely"}
    assert {rule for rule, verdict in found.items() if verdict != "passed"} == absent
    assert {found[rule] for rule in absent} == {"not applicable"}


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("groups_sum", put("numerator", more(1), "robbery", "r12")),
        ("groups_sum", lambda rows: rows[rows["part"] != "burglary"]),
        ("named_proxy", put("note", "", "proxy")),
        ("named_proxy", moved("proxy", "proxy", "sac", "part")),
        ("levels_only", put("comparison", "worsened", "robbery")),
    ],
)
def test_rule_fails_on_a_proxy_alone(rule, change):
    held, name = proxy_alone(), TABLES["SP08"]
    assert judged.outcome(CONTRACTS["SP08"].suite(LIMITS), rule, held | {name: change(held[name])}, FACTS) == "failed"


@pytest.mark.parametrize("measure", FILES)
def test_every_own_rule_is_broken_once(measure):
    rules = {rule.name for rule in CONTRACTS[measure].suite(LIMITS).rules}
    generic = {"row_floor", "columns", "complete", "key_unique", "valid", "missing_never_zero", "limits_ordered"}
    assert {row[1] for row in (*BROKEN, *BROKEN_BESIDE) if row[0] == measure} == rules - generic
