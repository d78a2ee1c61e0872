import math
from dataclasses import replace

import pandas as pd
import pytest

from assets.outcomes.sp08_serious_acquisitive_crime import calculate
from expectations.contracts.outcome import SP08
from methods.change import mover_difference, rate_ratio
from methods.rates import rate
from tests.methods.references import golden
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

MONITOR = replace(SETTING, assessment_mode="monitor_only", polarity="none", baseline_fy=None)
GROUPS = ("burglary", "robbery", "vehicle_crime")
PROXY = "open-data proxy: overstates serious acquisitive crime"


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
