import math
from dataclasses import replace

import pandas as pd
import pytest
from scipy import stats

from assets.outcomes.sp01_close_the_gap import calculate
from expectations.outcomes.sp01_close_the_gap import TABLE as SP01
from tests.methods.references import golden
from tests.outcomes.invented import (
    CRIMES,
    MISSING,
    NAMES,
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

Z = stats.norm.ppf(0.975)
TOTAL = {"city": "E06000001", "gap": "E06000001", "relative_gap": "E06000001", "ten": "set-a"}
LEAP = "includes 29 February, no day adjustment"


@pytest.fixture(scope="module")
def table():
    return calculate(**city(), setting=SETTING)


@pytest.fixture(scope="module")
def plain():
    return plain_figures(city())


def year_of(months):
    return int(months[-1][:4]) - (months[-1][5:] < "04")


# A second implementation ---------------------------------------------------------------------------------------------


def limits(count, people):
    if count < 10:
        low = stats.chi2.ppf(0.025, 2 * count) / 2 if count else 0
        high = stats.chi2.ppf(0.975, 2 * count + 2) / 2
    else:
        low = count * (1 - 1 / (9 * count) - Z / (3 * count**0.5)) ** 3
        high = (count + 1) * (1 - 1 / (9 * (count + 1)) + Z / (3 * (count + 1) ** 0.5)) ** 3
    return 1000 * count / people, 1000 * low / people, 1000 * high / people


def mover(a, b, share=1.0):
    d = a[0] - b[0]
    return (
        share * d,
        share * (d - math.sqrt((a[0] - a[1]) ** 2 + (b[2] - b[0]) ** 2)),
        share * (d + math.sqrt((a[2] - a[0]) ** 2 + (b[0] - b[1]) ** 2)),
    )


def plain_figures(tables):
    """{(part, area, kind, first month, last month): (numerator, denominator, value, lower, upper)}, None where [x]."""
    figures = {}
    counts = plain_counts(tables, {*CRIMES, "unknown"})
    for kind, months in plain_periods():
        if months[0] < "2015-04":
            continue
        bad = MISSING[1] in months
        people = plain_residents(tables, {2015: 2015, 2016: 2016, 2017: 2017}[year_of(months)])
        here = {code: (sum_of(counts, months, code), people[code]) for code in ("", *NAMES)}
        ten = tuple(here["N1"][i] + here["N2"][i] for i in (0, 1))
        rest = tuple(here[""][i] - ten[i] for i in (0, 1))
        gap = mover(limits(*ten), limits(*rest), rest[1] / here[""][1])
        found = {("city", "E06000001"): (*here[""], *limits(*here[""])), ("ten", "set-a"): (*ten, *limits(*ten))}
        found |= {("neighbourhood", code): (*here[code], *limits(*here[code])) for code in NAMES}
        found[("gap", "E06000001")] = (math.nan, math.nan, *gap)
        relative = 100 * gap[0] / limits(*here[""])[0]
        found[("relative_gap", "E06000001")] = (math.nan, math.nan, relative, math.nan, math.nan)
        figures |= {(*key, kind, months[0], months[-1]): None if bad else row for key, row in found.items()}
    return figures


def test_every_figure_agrees_with_plain_loops(table, plain):
    assert len(table) == len(plain) > 500
    for row in table.itertuples():
        wanted = plain[(row.part, row.area_code, row.period_kind, row.period_start[:7], row.period_end[:7])]
        got = (row.numerator, row.denominator, row.value, row.lower, row.upper)
        if wanted is None:
            assert all(math.isnan(number) for number in got)
            assert row.symbols == "[x]"
            assert "2016-08 not delivered" in row.note
        else:
            assert got == pytest.approx(wanted, nan_ok=True)
            assert row.symbols == ""


def test_every_comparison_agrees_with_plain_loops(table, plain):
    seen = set()
    for row in table.itertuples():
        start, end = row.period_start[:7], row.period_end[:7]
        now = plain[(row.part, row.area_code, row.period_kind, start, end)]
        years = year_of([end]) - 2015
        then, previous = (
            plain.get(
                (
                    row.part,
                    row.area_code,
                    row.period_kind,
                    f"{int(start[:4]) - n}{start[4:]}",
                    f"{int(end[:4]) - n}{end[4:]}",
                )
            )
            for n in (years, 1)
        )
        assert row.baseline_value == pytest.approx(then[2] if then else math.nan, nan_ok=True)
        assert row.previous_value == pytest.approx(previous[2] if previous else math.nan, nan_ok=True)
        got = (row.change, row.change_lower, row.change_upper)
        if not (years and now and then):
            assert all(math.isnan(number) for number in got)
            assert row.comparison == ""
            continue
        if row.part == "relative_gap":
            assert got == pytest.approx((now[2] - then[2], math.nan, math.nan), nan_ok=True)
            assert row.comparison == ""
            continue
        change = mover(now[2:], then[2:])
        assert got == pytest.approx(change)
        if row.part == "gap":
            word = "worsened" if change[1] > 0 else "improved" if change[2] < 0 else "no significant change"
        else:
            ratio = math.log(now[0] / now[1] / (then[0] / then[1]))
            room = Z * math.sqrt(1 / now[0] + 1 / then[0])
            word = "higher" if ratio > room else "lower" if ratio < -room else "similar"
        assert row.comparison == word
        seen.add(word)
    assert seen >= {"higher", "lower", "similar", "no significant change"}


# The table ------------------------------------------------------------------------------------------------------------


def test_table_is_that_of_the_contract(table):
    assert list(table.columns) == SP01.column_names
    assert not table.duplicated(list(SP01.key)).any()
    pd.testing.assert_frame_equal(table, table.sort_values(list(SP01.key), ignore_index=True))
    for column in SP01.columns:
        values = table[column.name]
        assert pd.api.types.is_float_dtype(values) == (column.type == "float")
        if not column.nullable:
            assert values.notna().all()
        if column.allowed:
            assert set(values) <= set(column.allowed)
        if column.pattern:
            assert values.str.fullmatch(column.pattern).all()
    assert set(table["as_at"]) == {"2017-05-31"}
    assert set(table["measure"]) == {"SP01"}
    assert set(table["breakdown"]) == {""}
    assert set(table.loc[table["part"] == "relative_gap", "unit"]) == {"%"}
    assert set(table.loc[table["part"] != "relative_gap", "unit"]) == {"crimes per 1000"}
    assert set(table.loc[table["part"] == "ten", "area_name"]) == {"Ten priority neighbourhoods"}
    assert set(table.loc[table["part"] == "gap", "area_name"]) == {"Fernmouth"}
    assert set(table.loc[table["area_code"] == "N3", "area_name"]) == {"Cedar"}


def test_order_of_rows_changes_nothing(table):
    for shuffled in (1, 2, 3):
        pd.testing.assert_frame_equal(calculate(**city(shuffled=shuffled), setting=SETTING), table, check_exact=True)


def test_periods_of_each_kind(table):
    rows = table[table["part"] == "city"]
    kinds = rows["period_kind"].value_counts().to_dict()
    # The list is valid from April 2015: 26 months to May 2017; 15 windows of 12 months start in April 2015 or later.
    assert kinds == {"month": 26, "ytd": 26, "r12": 15, "quarter": 8, "fy": 2}
    assert rows["period_start"].min() == "2015-04-01"


def test_missing_is_never_zero(table):
    missing = table[table["symbols"] == "[x]"]
    year = figure(table, "city", "fy", "2016-04-01")
    assert year["note"] == "2016-08 not delivered"
    assert figure(table, "ten", "month", "2016-08-01")["note"] == "2016-08 not delivered"
    blank = ["numerator", "denominator", "value", "lower", "upper", "change", "change_lower", "change_upper"]
    assert missing[blank].isna().all(axis=None)
    assert set(missing["method"]) == set(missing["comparison"]) == {""}
    # What it would be compared with is known all the same.
    assert year["baseline_value"] == figure(table, "city", "fy", "2015-04-01")["value"]


def test_a_zero_is_printed_when_the_period_is_complete():
    tables, setting = simple_city(
        {"A": {"drugs": 3}, "B": {"drugs": 5}},
        ["2015-04", "2015-05"],
        {2015: {"A": 100, "B": 300}},
        priority_set=(("s", "A", "2015-04-01", None),),
    )
    may = calculate(**tables, setting=setting).query("period_kind == 'month' and period_start == '2015-05-01'")
    rates = may[may["part"].isin(["city", "ten", "neighbourhood"])]
    assert (rates[["numerator", "value", "lower"]] == 0).all(axis=None)
    assert set(rates["method"]) == {"exact"}
    assert set(rates["symbols"]) == {""}
    assert figure(may, "gap", "month", "2015-05-01")["value"] == 0
    relative = figure(may, "relative_gap", "month", "2015-05-01")
    assert (relative["symbols"], relative["note"]) == ("[x]", "the city rate is zero, so no relative gap")


def test_a_crime_in_no_neighbourhood_counts_in_the_city_alone():
    tables, setting = simple_city(
        {"A": {"drugs": 3}, "B": {"drugs": 5}},
        ["2015-04", "2015-05"],
        {2015: {"A": 100, "B": 300}},
        priority_set=(("s", "A", "2015-04-01", None),),
    )
    tables["lookup"].loc[2] = ["E01000099", "2021", "nowhere", 1.0]
    tables["count"].loc[2] = ["alpha", "2015-05", "E01000099", "drugs", 7]
    table = calculate(**tables, setting=setting)
    assert figure(table, "city", "month", "2015-05-01")["numerator"] == 7
    assert figure(table, "ten", "month", "2015-05-01")["numerator"] == 0
    assert figure(table, "neighbourhood", "month", "2015-05-01", area="B")["numerator"] == 0


def test_notes(table):
    def note(part, kind, start, end):
        rows = table[(table["part"] == part) & (table["period_kind"] == kind)]
        return rows[(rows["period_start"] == start) & (rows["period_end"] == end)]["note"].item()

    assert note("city", "ytd", "2016-04-01", "2016-07-31") == "year to date, not annualised"
    assert note("gap", "ytd", "2016-04-01", "2016-09-30") == "2016-08 not delivered; year to date, not annualised"
    assert note("ten", "fy", "2015-04-01", "2016-03-31") == ""
    feb = table[(table["period_start"] == "2017-02-01") & (table["period_kind"] == "month")]
    assert set(feb["note"]) == {"compared with a period that includes 29 February, no day adjustment"}


def test_leap_day_of_the_compared_period():
    months = month_texts((2014, 4), (2016, 3))
    tables, setting = simple_city(
        {"A": {"drugs": 30}, "B": {"drugs": 50}},
        months,
        {2014: {"A": 100, "B": 300}, 2015: {"A": 100, "B": 300}},
        priority_set=(("s", "A", "2014-04-01", None),),
        baseline_fy="2014-15",
    )
    table = calculate(**tables, setting=setting)
    assert figure(table, "city", "month", "2016-02-01")["note"] == LEAP
    assert figure(table, "gap", "fy", "2015-04-01")["note"] == LEAP
    assert figure(table, "city", "month", "2016-01-01")["note"] == ""
    assert figure(table, "city", "fy", "2014-04-01")["note"] == ""


def test_many_missing_months_are_named_in_short():
    tables, setting = simple_city(
        {"A": {"drugs": 3}, "B": {"drugs": 5}},
        ["2015-04", "2016-03"],
        {2015: {"A": 100, "B": 300}},
        priority_set=(("s", "A", "2015-04-01", None),),
    )
    year = figure(calculate(**tables, setting=setting), "city", "fy", "2015-04-01")
    assert (year["symbols"], year["note"]) == ("[x]", "2015-05, 2015-06, 2015-07 and 7 more not delivered")


# Population -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("held", "fallback", "persons", "symbols", "note"),
    [
        ((2014, 2015, 2016), "none", 2015, "", ""),
        ((2013, 2014, 2016), "none", 2014, "", "population mid-2014"),
        ((2016, 2017), "oldest_after", 2016, "", "population mid-2016: no earlier estimate held"),
        ((2016, 2017), "none", None, "[x]", "no population estimate held for mid-2015 or before"),
        ((), "oldest_after", None, "[x]", "no population estimate held for mid-2015 or before"),
    ],
)
def test_population_of_the_year_in_which_the_financial_year_starts(held, fallback, persons, symbols, note):
    tables, setting = simple_city(
        {"A": {"drugs": 3}, "B": {"drugs": 5}},
        month_texts((2015, 4), (2016, 3)),
        {year: {"A": 100, "B": year - 100} for year in held},
        priority_set=(("s", "A", "2015-04-01", None),),
        population_fallback=fallback,
    )
    table = calculate(**tables, setting=setting)
    for part, denominator in (("city", persons), ("ten", 100)):
        year = figure(table, part, "fy", "2015-04-01")
        assert (year["symbols"], year["note"]) == (symbols, note)
        assert year["denominator"] == pytest.approx(denominator if persons else math.nan, nan_ok=True)
    # January 2016 lies in the same financial year.
    assert figure(table, "city", "month", "2016-01-01")["note"] == note


def test_neighbourhood_residents_come_before_lsoa_residents():
    tables, setting = simple_city(
        {"A": {"drugs": 3}, "B": {"drugs": 5}},
        ["2015-04"],
        {2015: {"A": 100, "B": 300}},
        priority_set=(("s", "A", "2015-04-01", None),),
    )
    own = pd.DataFrame(
        [("A", "neighbourhood", 2015, 120), ("B", "neighbourhood", 2015, 320)], columns=tables["population"].columns
    )
    tables["population"] = pd.concat([tables["population"], own])
    table = calculate(**tables, setting=setting)
    assert figure(table, "ten", "month", "2015-04-01")["denominator"] == 120
    assert figure(table, "city", "month", "2015-04-01")["denominator"] == 440


def test_nobody_living_there_is_no_rate():
    tables, setting = simple_city(
        {"A": {"drugs": 3}, "B": {"drugs": 5}, "C": {"drugs": 7}},
        ["2015-04"],
        {2015: {"A": 100, "B": 300, "C": 0}},
        priority_set=(("s", "A", "2015-04-01", None),),
    )
    table = calculate(**tables, setting=setting)
    empty = figure(table, "neighbourhood", "month", "2015-04-01", area="C")
    assert (empty["symbols"], empty["note"]) == ("[x]", "no residents, so no rate")
    assert figure(table, "city", "month", "2015-04-01")["numerator"] == 15


# The ten --------------------------------------------------------------------------------------------------------------


def test_a_new_list_starts_a_new_series():
    new = (
        ("old", "N1", "2015-04-01", "2016-12-31"),
        ("old", "N2", "2015-04-01", "2016-12-31"),
        ("new", "N2", "2017-01-01", None),
        ("new", "N4", "2017-01-01", None),
    )
    table = calculate(**city(), setting=replace(SETTING, priority_set=new))
    april_16, april_17 = (figure(table, "gap", "month", f"{year}-04-01") for year in (2016, 2017))
    assert april_16["comparison"]
    assert math.isnan(april_17["baseline_value"])
    assert april_17["comparison"] == ""
    assert april_17["value"] == pytest.approx(
        figure(table, "ten", "month", "2017-04-01", "new")["value"]
        - figure(table, "city", "month", "2017-04-01")["value"]
    )
    # A year that straddles the change has no ten, but it has a city.
    straddling = table[(table["period_kind"] == "ytd") & (table["period_end"] == "2017-02-28")]
    assert set(straddling.loc[straddling["part"].isin(["ten", "gap", "relative_gap"]), "symbols"]) == {"[x]"}
    assert straddling.loc[straddling["part"] == "gap", "note"].str.startswith("no one priority set is valid").all()
    r12 = table[(table["period_kind"] == "r12") & (table["period_end"] == "2016-07-31")]
    assert set(r12["symbols"]) == {""}


def test_the_same_members_renewed_are_one_list(table):
    renewed = tuple(
        ("set-a", code, start, end)
        for code in ("N1", "N2")
        for start, end in (("2015-04-01", "2016-03-31"), ("2016-04-01", None), ("2016-06-01", "2016-07-31"))
    )
    again = calculate(**city(), setting=replace(SETTING, priority_set=renewed))
    pd.testing.assert_frame_equal(again, table, check_exact=True)


def test_a_list_that_ended():
    ended = tuple((set_id, code, start, "2016-03-31") for set_id, code, start, _ in SETTING.priority_set)
    table = calculate(**city(), setting=replace(SETTING, priority_set=ended))
    assert figure(table, "gap", "fy", "2015-04-01")["symbols"] == ""
    assert figure(table, "gap", "month", "2016-04-01")["symbols"] == "[x]"
    assert figure(table, "city", "month", "2016-04-01")["symbols"] == ""


def test_no_list_no_figures():
    assert calculate(**city(), setting=replace(SETTING, priority_set=())).empty


def test_faults_of_the_list_are_refused_without_naming_places():
    stranger = (*SETTING.priority_set, ("set-a", "Nx", "2015-04-01", None))
    with pytest.raises(ValueError, match="1 of its neighbourhoods are not in the neighbourhood table") as caught:
        calculate(**city(), setting=replace(SETTING, priority_set=stranger))
    assert "Nx" not in str(caught.value)
    two = (*SETTING.priority_set, ("set-b", "N4", "2016-04-01", None))
    with pytest.raises(ValueError, match="two sets are valid at once"):
        calculate(**city(), setting=replace(SETTING, priority_set=two))


# Forces, modes, settings ----------------------------------------------------------------------------------------------


def test_a_month_is_complete_only_when_every_force_delivered_it(table):
    alone = calculate(**city(), setting=replace(SETTING, forces=("alpha",)))
    assert figure(alone, "city", "month", "2016-08-01")["symbols"] == ""
    assert set(alone["as_at"]) == {"2017-06-30"}
    assert (
        figure(alone, "city", "month", "2016-05-01")["numerator"]
        < figure(table, "city", "month", "2016-05-01")["numerator"]
    )


def test_no_complete_month_no_rows():
    tables = city()
    tables["completeness"]["received"] = 0
    empty = calculate(**tables, setting=SETTING)
    assert empty.empty
    assert list(empty.columns) == SP01.column_names
    assert calculate(**city(), setting=replace(SETTING, forces=("nobody",))).empty


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"polarity": "lower_better"}, {"improved", "worsened", "no significant change", ""}),
        ({"polarity": "none"}, {"lower", "higher", "similar", ""}),
        ({"assessment_mode": "monitor_only"}, {"lower", "higher", "similar", ""}),
        ({"assessment_mode": "baseline_year"}, {"lower", "higher", "similar", ""}),
    ],
)
def test_words_of_judgement_only_where_the_board_judges(changes, words):
    table = calculate(**city(busy=4), setting=replace(SETTING, **changes))
    assert set(table.loc[table["part"] == "gap", "comparison"]) <= words
    assert set(table.loc[table["part"] == "gap", "comparison"]) != {""}
    assert set(table.loc[table["part"] != "gap", "comparison"]) <= {"lower", "higher", "similar", ""}


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"forces": ()}, "forces: none named"),
        ({"crime_categories": ("drugs", "anti_social_behaviour")}, "anti-social behaviour is no crime"),
        ({"baseline_fy": "2015"}, "written like 2016-17"),
    ],
)
def test_settings_that_could_only_mislead_are_refused(changes, why):
    with pytest.raises(ValueError, match=why):
        replace(SETTING, **changes)


def test_no_categories_is_not_no_crime():
    with pytest.raises(ValueError, match="crime_categories: empty"):
        calculate(**city(), setting=replace(SETTING, crime_categories=()))


# Worked answers -------------------------------------------------------------------------------------------------------


def test_cases_of_the_specification():
    cases = {2013: golden("SP01-a"), 2015: golden("SP01-b")}
    ten = [f"P{number}" for number in range(10)]
    tables = []
    for year, case in cases.items():
        crimes, people = case["input"]["ten_crimes"], case["input"]["ten_pop"]
        rest = case["input"]["city_crimes"] - sum(crimes), case["input"]["city_pop"] - sum(people)
        one, setting = simple_city(
            {code: {"drugs": n} for code, n in zip([*ten, "rest"], [*crimes, rest[0]], strict=True)},
            month_texts((year, 4), (year + 1, 3)),
            {year: dict(zip([*ten, "rest"], [*people, rest[1]], strict=True))},
            priority_set=tuple(("existing", code, "2013-04-01", None) for code in ten),
            baseline_fy="2013-14",
        )
        tables.append(one)
    both = {
        name: pd.concat([one[name] for one in tables])
        if name in ("count", "completeness", "population")
        else tables[0][name]
        for name in tables[0]
    }
    table = calculate(**both, setting=setting)
    for year, case in cases.items():
        rows = {part: figure(table, part, "fy", f"{year}-04-01") for part in ("ten", "city", "gap", "relative_gap")}
        got = [rows["ten"]["value"], rows["city"]["value"], rows["gap"]["value"], rows["relative_gap"]["value"]]
        got += [rows["gap"]["lower"], rows["gap"]["upper"]]
        assert got == pytest.approx(
            [case["expect"][k] for k in ("r10", "rc", "gap", "rel", "gap_lo", "gap_hi")], abs=1e-6
        )
    expect = golden("SP01-c")["expect"]
    gap, relative = (figure(table, part, "fy", "2015-04-01") for part in ("gap", "relative_gap"))
    assert gap[["change", "change_lower", "change_upper"]].tolist() == pytest.approx(
        [expect["gap_change"], expect["gap_change_lo"], expect["gap_change_hi"]], abs=1e-6
    )
    assert relative["change"] == pytest.approx(expect["rel_gap_change_pp"], abs=1e-6)
    assert gap["comparison"] == "improved"
    trap = golden("SP01-d")["expect"]
    ten_rate = figure(table, "ten", "fy", "2013-04-01")["value"]
    assert ten_rate == pytest.approx(trap["pooled"], abs=1e-6)
    assert abs(ten_rate - trap["mean_of_rates_must_not_be_used"]) > 1


@pytest.mark.real
def test_worked_answer_of_plymouth(plymouth):
    table = calculate(**plymouth)
    rows = {part: figure(table, part, "fy", "2016-04-01") for part in ("ten", "city", "gap", "relative_gap")}
    assert (rows["ten"]["numerator"], rows["ten"]["denominator"]) == (10894, 90029)
    assert (rows["city"]["numerator"], rows["city"]["denominator"]) == (17889, 263070)
    assert rows["ten"]["value"] == pytest.approx(121.005454, abs=1e-6)
    assert rows["city"]["value"] == pytest.approx(68.00091230470977, rel=1e-14)
    assert rows["gap"]["value"] == pytest.approx(53.0045414935108, rel=1e-13)
    assert rows["relative_gap"]["value"] == pytest.approx(77.946809, abs=1e-6)
    for row in rows.values():
        assert row["note"] == "population mid-2017: no earlier estimate held"
    assert {round(rows["city"]["lower"]), round(rows["city"]["upper"])} == {67, 69}
    year = figure(table, "gap", "fy", "2017-04-01")
    assert (year["symbols"], year["note"]) == ("[x]", "2017-12 not delivered")
    assert year["baseline_value"] == rows["gap"]["value"]
    assert table["period_start"].min() == "2016-04-01"
    single = table[(table["part"] == "neighbourhood") & (table["period_start"] == "2016-04-01")]
    assert single[single["period_kind"] == "fy"]["numerator"].sum() == 17889
