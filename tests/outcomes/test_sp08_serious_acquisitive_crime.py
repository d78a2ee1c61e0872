import math
from dataclasses import replace

import pandas as pd
import pytest

from assets.outcomes import sp08_serious_acquisitive_crime as sp08
from expectations.outcomes import sp08_serious_acquisitive_crime as contract
from expectations.outcomes.sp08_serious_acquisitive_crime import TABLE as SP08
from methods.change import mover_difference, rate_ratio
from methods.rates import rate
from tests.methods.references import golden
from tests.outcomes.crimes import FACTS, LIMITS, failing, frame, places, spoiled, street, verdicts
from tests.outcomes.invented import (
    MISSING,
    SETTING,
    city,
    figure,
    month_texts,
    plain_counts,
    plain_periods,
    plain_residents,
    simple_city,
    sum_of,
)
from tests.outcomes.services import complete, is_tidy, one, says_decision, shuffled
from tests.outcomes.services import table as clean
from tests.paths import ROOT

MONITOR = replace(SETTING, assessment_mode="monitor_only", polarity="none", baseline_fy=None)
GROUPS = ("burglary", "robbery", "vehicle_crime")
PROXY = "open-data proxy: overstates serious acquisitive crime"
TABLE_OF = {
    "count": "clean_police_street_count",
    "completeness": "clean_police_street_completeness",
    "lookup": "clean_lsoa_neighbourhood",
    "neighbourhood": "clean_neighbourhood",
    "population": "clean_population",
}


def calculate(setting, **tables):
    """The measure from the tables by their short names."""
    return sp08.calculate({TABLE_OF[name]: frame for name, frame in tables.items()}, setting)


@pytest.fixture(scope="module")
def table():
    return calculate(**city(), setting=MONITOR)


def test_every_figure_agrees_with_plain_loops(table):
    tables = city()
    people = {year: plain_residents(tables, year)[""] for year in (2015, 2016, 2017)}
    counts = {part: plain_counts(tables, (part,)) for part in GROUPS} | {"proxy": plain_counts(tables, GROUPS)}
    expected = {}
    for kind, months in plain_periods():
        year = int(months[-1][:4]) - (months[-1][5:] < "04")
        for part in counts:
            figures = sum_of(counts[part], months, ""), people[max(year, 2015)]
            known = MISSING[1] not in months and months[0] >= "2014-11"
            expected[(part, kind, months[0], months[-1])] = figures if known else None
    assert len(table) == len(expected) > 300
    for row in table.itertuples():
        wanted = expected[(row.part, row.period_kind, row.period_start[:7], row.period_end[:7])]
        if wanted is None:
            assert math.isnan(row.numerator)
            assert math.isnan(row.value)
            assert row.symbols == "[x]"
            assert "not delivered" in row.note
        else:
            assert (row.numerator, row.denominator) == wanted
            limits = rate(*wanted)
            assert (row.value, row.lower, row.upper, row.method) == (
                limits.value,
                limits.lower,
                limits.upper,
                limits.method,
            )
            assert row.symbols == ""


def test_change_is_from_the_year_before_in_neutral_words(table):
    compared = table[table["comparison"] != ""]
    assert set(table["comparison"]) <= {"", "higher", "lower", "similar"}
    assert compared["change"].notna().all()
    for row in compared.itertuples():
        start = f"{int(row.period_start[:4]) - 1}{row.period_start[4:]}"
        earlier = table[(table["part"] == row.part) & (table["period_kind"] == row.period_kind)]
        earlier = earlier[(earlier["period_start"] == start)]
        then = earlier[earlier["period_end"].str[5:7] == row.period_end[5:7]].iloc[0]
        assert row.previous_value == then["value"]
        difference = mover_difference(row_as_rate(row), row_as_rate(then))
        assert row.change == pytest.approx(row.value - then["value"])
        assert (row.change_lower, row.change_upper) == (difference.lower, difference.upper)
        ratio = rate_ratio(row.numerator, row.denominator, then["numerator"], then["denominator"])
        assert row.comparison == ("higher" if ratio.lower > 1 else "lower" if ratio.upper < 1 else "similar")
    assert compared["period_start"].min() == "2015-11-01"  # the first month has nothing before it
    assert table["baseline_value"].isna().all()


def row_as_rate(row):
    return rate(row.numerator, row.denominator)


def test_no_word_of_judgement_whatever_the_register_says():
    judged = calculate(**city(), setting=SETTING)
    assert set(judged["comparison"]) <= {"", "higher", "lower", "similar"}
    # A baseline year in the register is shown beside, never compared with.
    year = figure(judged, "proxy", "month", "2017-05-01")
    assert year["baseline_value"] == figure(judged, "proxy", "month", "2015-05-01")["value"]
    assert year["change"] == pytest.approx(year["value"] - figure(judged, "proxy", "month", "2016-05-01")["value"])


def test_every_row_says_that_it_is_a_proxy(table):
    assert table["note"].str.startswith(PROXY).all()
    assert set(table["part"]) == {"proxy", *GROUPS}
    assert set(table["unit"]) == {"offences per 1000"}
    assert set(table["area_code"]) == {"E06000001"}
    assert figure(table, "proxy", "month", "2016-08-01")["note"] == f"{PROXY}; 2016-08 not delivered"
    assert figure(table, "proxy", "month", "2014-12-01")["note"] == (
        f"{PROXY}; population mid-2015: no earlier estimate held"
    )
    assert (
        figure(table, "robbery", "month", "2016-02-01")["note"] == f"{PROXY}; includes 29 February, no day adjustment"
    )


def test_periods_that_begin_before_the_first_delivery_are_not_available(table):
    year = figure(table, "proxy", "fy", "2014-04-01")
    assert (year["symbols"], year["note"]) == ("[x]", f"{PROXY}; 2014-04, 2014-05, 2014-06 and 4 more not delivered")
    november = table[(table["period_kind"] == "ytd") & (table["period_end"] == "2014-11-30")]
    assert set(november["symbols"]) == {"[x]"}
    assert november["note"].str.endswith("; year to date, not annualised").all()


def test_table_is_that_of_the_contract(table):
    assert list(table.columns) == SP08.column_names
    assert not table.duplicated(list(SP08.key)).any()
    pd.testing.assert_frame_equal(table, table.sort_values(list(SP08.key), ignore_index=True))
    for column in SP08.columns:
        assert column.nullable or table[column.name].notna().all()
        assert not column.allowed or set(table[column.name]) <= set(column.allowed)


def test_order_of_rows_changes_nothing(table):
    pd.testing.assert_frame_equal(calculate(**city(shuffled=5), setting=MONITOR), table, check_exact=True)


def test_proxy_of_the_specification():
    case = golden("SP08-b")
    slug = {
        "burglary": ("28A", "28B", "28C", "28D", "29", "30A", "30B", "31"),
        "robbery": ("34A", "34B"),
        "vehicle_crime": ("48", "37.2", "45", "126"),
        "theft_from_the_person": ("39",),
    }
    codes = case["input"]["codes"]
    tables, setting = simple_city(
        {"A": {name: sum(codes[code] for code in of) for name, of in slug.items()}},
        month_texts((2015, 4), (2016, 3)),
        {2015: {"A": 262700}},
    )
    table = calculate(**tables, setting=setting)
    got = {part: figure(table, part, "fy", "2015-04-01")["numerator"] for part in ("proxy", *GROUPS)}
    expect = case["expect"]
    assert got["proxy"] == expect["proxy"]
    assert [got[part] for part in GROUPS] == [expect["burglary_all"], expect["robbery"], expect["vehicle_crime"]]


def test_a_group_without_an_offence_is_zero_in_a_complete_month():
    tables, setting = simple_city({"A": {"burglary": 4}}, ["2015-04"], {2015: {"A": 1000}})
    robbery = figure(calculate(**tables, setting=setting), "robbery", "month", "2015-04-01")
    assert (robbery["numerator"], robbery["value"], robbery["lower"], robbery["symbols"]) == (0, 0, 0, "")
    assert robbery["upper"] == pytest.approx(3.688879, abs=1e-6)  # -ln 0.025


def test_bad_input():
    with pytest.raises(ValueError, match="proxy_groups: empty"):
        calculate(**city(), setting=replace(MONITOR, proxy_groups={}))
    tables = city()
    tables["completeness"]["received"] = 0
    assert calculate(**tables, setting=MONITOR).empty


@pytest.mark.real
def test_worked_answer_of_plymouth(plymouth):
    groups = {group: group for group in GROUPS}
    setting = replace(plymouth["setting"], proxy_groups=groups, assessment_mode="monitor_only", polarity="none")
    table = calculate(**{**plymouth, "setting": setting})
    year = figure(table, "proxy", "fy", "2016-04-01")
    assert (year["numerator"], year["denominator"]) == (2172, 263070)
    assert year["value"] == pytest.approx(1000 * 2172 / 263070)
    assert sum(figure(table, part, "fy", "2016-04-01")["numerator"] for part in GROUPS) == 2172
    assert figure(table, "proxy", "fy", "2017-04-01")["symbols"] == "[x]"
    assert not table["symbols"].str.contains("[b]", regex=False).any()


# With the force's own extract ----------------------------------------------------------------------------------------


REGISTER = pd.read_csv(ROOT / "partnership" / "common" / "offence_code.csv", dtype=str, keep_default_na=False)
SAC = ("domestic_burglary", "robbery", "theft_of_vehicle", "theft_from_vehicle")
OPEN = {"burglary": 910, "robbery": 168, "vehicle_crime": 1231, "theft_from_the_person": 120}
PEOPLE = {2015: 262700, 2016: 263100, 2017: 263500, 2022: 264700}


def golden_crimes():
    """The offences of the specification's case, each with its group by the register, in May 2015."""
    group = dict(REGISTER[["code", "sac_group"]].itertuples(index=False))
    codes = golden("SP08-a")["input"]["codes"]
    return [
        {"recorded_date": "2015-05-20", "ho_code": code, "sac_group": group[code]}
        for code, number in codes.items()
        for _ in range(number)
    ]


def with_extract(crimes, months, covered=None, opened=OPEN, households=None):
    """Both police sources: crimes by hand, open files with `opened` in the second of the months."""
    counts = {(months[1], category): number for category, number in opened.items()}
    own = covered or months
    return {
        "clean_police_crime": clean("clean_police_crime", crimes),
        "clean_police_crime_completeness": complete(own[0], own[-1]),
        **street(months, counts),
        **places(PEOPLE, households),
    }


ONE_FORCE = replace(MONITOR, forces=("alpha",))


@pytest.fixture(scope="module")
def both_sources():
    held = with_extract(golden_crimes(), month_texts((2015, 4), (2016, 3)), households={2015: 109000})
    return held, sp08.calculate(held, ONE_FORCE)


def test_sac_of_the_specification(both_sources):
    _, table = both_sources
    expect = golden("SP08-a")["expect"]
    for part in ("sac", *SAC):
        year = one(table, part, "fy", "2015-04-01")
        assert (year["numerator"], year["denominator"]) == (expect[part], 262700)
        assert year["value"] == pytest.approx(1000 * expect[part] / 262700)
        assert (year["lower"], year["upper"]) == pytest.approx(
            (rate(expect[part], 262700).lower, rate(expect[part], 262700).upper)
        )
        assert one(table, part, "month", "2015-06-01")["numerator"] == 0
    assert set(table["part"]) == {"sac", *SAC, "domestic_burglary_households", "open_data_proxy"}
    assert is_tidy(table, SP08.name)


def test_proxy_stands_beside_for_reconciliation(both_sources):
    held, table = both_sources
    expect = golden("SP08-b")["expect"]
    proxy = one(table, "open_data_proxy", "fy", "2015-04-01")
    assert proxy["numerator"] == expect["proxy"]
    assert proxy["numerator"] / one(table, "sac", "fy", "2015-04-01")["numerator"] == pytest.approx(
        expect["ratio"], abs=1e-6
    )
    assert proxy["note"] == PROXY
    groups = {"burglary": "burglary_all", "robbery": "robbery", "vehicle_crime": "vehicle_crime"}
    for group, name in groups.items():
        assert one(table, "open_data_proxy", "fy", "2015-04-01", f"group={group}")["numerator"] == expect[name]
    # It is the series that stands alone while there is no extract, figure by figure.
    alone = sp08.calculate({name: rows for name, rows in held.items() if "police_crime" not in name}, ONE_FORCE)
    alone = alone[alone["part"] == "proxy"].drop(columns="part").reset_index(drop=True)
    beside = table[(table["part"] == "open_data_proxy") & (table["breakdown"] == "")]
    pd.testing.assert_frame_equal(alone, beside.drop(columns="part").reset_index(drop=True), check_exact=True)


def test_burglary_per_household_where_households_are_held(both_sources):
    held, table = both_sources
    year = one(table, "domestic_burglary_households", "fy", "2015-04-01")
    assert (year["numerator"], year["denominator"], year["unit"]) == (422, 109000, "offences per 1000 households")
    none = sp08.calculate(held | places(PEOPLE), ONE_FORCE)
    assert "domestic_burglary_households" not in set(none["part"])


def test_only_crimes_that_stand_count():
    crimes = [
        {"recorded_date": "2015-05-02", "sac_group": "robbery", "status": status}
        for status in ("recorded", "cancelled", "transferred")
    ]
    table = sp08.calculate(with_extract(crimes, month_texts((2015, 4), (2015, 6))), ONE_FORCE)
    assert one(table, "sac", "month", "2015-05-01")["numerator"] == 1


def test_what_the_extract_lacks_is_not_available_although_open_files_cover_it():
    months = month_texts((2015, 4), (2016, 3))
    crimes = [{"recorded_date": "2015-07-02", "sac_group": "robbery"}] * 3
    crimes = [row | {"crime_key": str(number)} for number, row in enumerate(crimes)]
    table = sp08.calculate(with_extract(crimes, months, covered=("2015-07", "2015-09")), ONE_FORCE)
    assert one(table, "sac", "quarter", "2015-07-01")["numerator"] == 3
    for start in ("2015-04-01", "2015-10-01", "2016-01-01"):
        quarter = one(table, "sac", "quarter", start)
        assert (quarter["symbols"], quarter["note"][:7]) == ("[x]", start[:7])
        assert quarter["note"].endswith("not delivered")
        assert one(table, "open_data_proxy", "quarter", start)["symbols"] == ""
    assert set(table.loc[table["part"].isin(SAC), "as_at"]) == {"2015-09-30"}
    assert set(table.loc[table["part"] == "open_data_proxy", "as_at"]) == {"2016-03-31"}


def test_an_extract_without_a_complete_month_is_not_available_and_never_a_proxy():
    held = with_extract([], month_texts((2015, 4), (2015, 6)))
    held["clean_police_crime_completeness"]["received"] = 0
    table = sp08.calculate(held, ONE_FORCE)
    assert set(table.loc[table["part"] == "sac", "symbols"]) == {"[x]"}
    assert is_tidy(table, SP08.name)


@pytest.fixture(scope="module")
def across():
    """Five burglaries and five robberies a month over the break of April 2017, one burglary more after it."""
    crimes = [
        {"crime_key": f"{month}{group}{number}", "recorded_date": f"{month}-10", "sac_group": group}
        for month in month_texts((2015, 4), (2018, 6))
        for group in ("domestic_burglary", "robbery")
        for number in range(5 + (month >= "2017-04"))
    ]
    return sp08.calculate(with_extract(crimes, month_texts((2015, 4), (2018, 6))), ONE_FORCE)


@pytest.mark.parametrize("part", ["sac", "domestic_burglary"])
def test_never_chained_across_a_break(across, part):
    rows = across[(across["part"] == part) & across["value"].notna()]
    for row in rows.itertuples():
        before = f"{int(row.period_start[:4]) - 1}{row.period_start[4:]}"
        seen = before if row.period_start >= "2016-04-01" else row.period_start
        crosses = seen < "2017-04-01" <= row.period_end
        assert ("[b]" in row.symbols) is crosses, row
        assert ("break in series 2017-04" in row.note) is crosses
        compared = not crosses and row.period_start >= "2016-04-01"
        assert (not math.isnan(row.change)) is compared
        assert (row.comparison != "") is compared
        assert math.isnan(row.previous_value) is (row.period_start < "2016-04-01")
    assert rows["symbols"].eq("[b]").any() and rows["symbols"].eq("").any()


def test_what_a_break_does_not_touch_is_compared_across_it(across):
    others = across[across["part"].isin(["robbery", "theft_of_vehicle", "theft_from_vehicle", "open_data_proxy"])]
    assert not others["symbols"].str.contains("[b]", regex=False).any()
    assert others.loc[others["period_start"] == "2017-04-01", "change"].notna().any()


def test_break_of_april_2023():
    months = month_texts((2022, 4), (2023, 4))
    table = sp08.calculate(with_extract([], months), ONE_FORCE)
    month = one(table, "sac", "month", "2023-04-01")
    assert (month["symbols"], month["comparison"]) == ("[b]", "")
    assert one(table, "robbery", "month", "2023-04-01")["comparison"] == "similar"


def test_order_of_crimes_changes_nothing(both_sources):
    held, table = both_sources
    pd.testing.assert_frame_equal(sp08.calculate(shuffled(held), ONE_FORCE), table, check_exact=True)


# Its checks -----------------------------------------------------------------------------------------------------------


def frames(held, table):
    return held | {SP08.name: table}


@pytest.fixture(scope="module")
def agreeing(both_sources):
    """Both sources with the same 2,309 crimes of the proxy and 2,429 crimes in all."""
    held, table = both_sources
    return frames(held, table)


FOUR = replace(FACTS, crime_categories=(*GROUPS, "theft_from_the_person"))


def test_suite_passes_on_sources_that_agree(agreeing):
    assert verdicts(contract, agreeing, FOUR).keys() == {rule.name for rule in contract.suite(LIMITS).rules}
    assert set(verdicts(contract, agreeing, FOUR).values()) == {"passed"}


@pytest.mark.parametrize(
    ("rule", "column", "value", "where"),
    [
        ("groups_sum", "numerator", 1, {"part": "robbery", "period_kind": "ytd"}),
        ("groups_sum", "numerator", 1, {"part": "sac", "period_kind": "r12"}),
        ("groups_sum", "numerator", 1, {"part": "open_data_proxy", "breakdown": "group=burglary"}),
        ("named_proxy", "note", "", {"part": "open_data_proxy"}),
        ("levels_only", "comparison", "worsened", {"part": "sac"}),
        ("sac_is_of_recorded_crimes", "numerator", 1, {"part": "sac", "period_kind": "month"}),
        ("periods_sum", "numerator", 1, {"part": "theft_of_vehicle", "period_kind": "quarter"}),
    ],
)
def test_rule_fails_on_what_it_is_for(agreeing, rule, column, value, where):
    changed = spoiled(agreeing[SP08.name], column, value, **where)
    assert rule in failing(contract, agreeing | {SP08.name: changed}, FOUR)


@pytest.mark.parametrize(
    ("missing", "failed"),
    [
        (0.03, set()),
        (0.1, {"sources_reconcile_closely"}),
        (0.2, {"sources_reconcile_closely", "sources_reconcile"}),
    ],
)
@pytest.mark.parametrize("of", ["proxy", "all"])
def test_sources_that_drift_apart(missing, failed, of):
    """The open files hold fewer burglaries, or fewer crimes of other kinds, than the extract."""
    others = 6000
    crimes = golden_crimes() + [{"recorded_date": "2015-05-03", "ho_code": "46"}] * others
    crimes = [row | {"crime_key": str(number)} for number, row in enumerate(crimes)]
    opened = OPEN | {"shoplifting": others}
    lacking = (
        {"burglary": round(2309 * missing)} if of == "proxy" else {"shoplifting": round((others + 2429) * missing)}
    )
    opened = {name: number - lacking.get(name, 0) for name, number in opened.items()}
    held = with_extract(crimes, month_texts((2015, 4), (2016, 3)), opened=opened)
    facts = replace(FACTS, crime_categories=tuple(opened))
    assert failing(contract, frames(held, sp08.calculate(held, ONE_FORCE)), facts) == failed


def test_sources_reconcile_over_the_newest_year_that_both_cover():
    months = month_texts((2015, 4), (2017, 6))
    rows = [{"recorded_date": f"{month}-04", "sac_group": "robbery", "ho_code": "34B"} for month in months]
    crimes = [row | {"crime_key": str(number)} for number, row in enumerate(rows * 10)]
    counts = {(month, "robbery"): 10 for month in month_texts((2016, 4), (2017, 3))}  # right in 2016/17 alone
    held = with_extract(crimes, months) | street(months, counts)
    assert failing(contract, frames(held, sp08.calculate(held, ONE_FORCE))) == set()
    short = held | street(month_texts((2016, 9), (2017, 6)), counts)  # no common year: all common months
    found = verdicts(contract, frames(short, sp08.calculate(short, ONE_FORCE)))
    assert found["sources_reconcile"] == "failed"  # 70 in the open files, 100 in the extract


def test_extract_without_crimes_where_open_files_have_some():
    held = with_extract([], month_texts((2015, 4), (2015, 6)))
    assert {"sources_reconcile"} <= failing(contract, frames(held, sp08.calculate(held, ONE_FORCE)), FOUR)
    nothing = with_extract([], month_texts((2015, 4), (2015, 6)), opened={})
    assert failing(contract, frames(nothing, sp08.calculate(nothing, ONE_FORCE)), FOUR) == set()


def test_without_the_extract_its_rules_do_not_apply():
    tables = {TABLE_OF[name]: rows for name, rows in city().items()}
    table = sp08.calculate(tables, MONITOR)
    found = verdicts(contract, frames(tables, table))
    absent = {"sac_is_of_recorded_crimes", "sources_reconcile", "sources_reconcile_closely"}
    assert {rule for rule, verdict in found.items() if verdict == "not applicable"} == absent
    assert set(found.values()) == {"passed", "not applicable"}
    named = table.assign(part=table["part"].replace("proxy", "sac"))
    assert {"named_proxy", "groups_sum"} <= failing(contract, frames(tables, named))


def test_suite_survives_empty_tables():
    empty = frame(SP08.name, [])
    tables = {
        name: rows.iloc[:0] for name, rows in with_extract(golden_crimes(), month_texts((2015, 4), (2015, 6))).items()
    }
    assert failing(contract, frames(tables, empty)) == {"row_floor"}
    assert "crashed" not in verdicts(contract, frames(tables, empty)).values()


def test_codes_of_the_proxy_are_those_of_the_register():
    """Burglary of other buildings and vehicle interference: no group of the measure, yet in the open categories."""
    others = REGISTER[REGISTER["sac_group"] == ""]
    label = others["label"].str.lower()
    burglary = label.str.contains("burglary")
    assert set(others.loc[burglary | label.str.contains("interfering"), "code"]) == set(contract.PROXY_ALONE)


def test_file_opens_with_the_boards_words():
    assert says_decision(sp08, "SP08")


def test_suite_version_follows_what_it_reads():
    suite = contract.suite(LIMITS)
    assert suite.reads_if_there == ("clean_police_crime",)
    assert replace(suite, reads_if_there=()).version("1") != suite.version("1") == contract.suite(LIMITS).version("1")
