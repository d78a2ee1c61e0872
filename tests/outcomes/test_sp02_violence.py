"""SP02: candidates from recorded violence. Expected values: the specification's case, counts by hand, SQL (test_headlines_sql_b)."""

import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from assets.outcomes import sp02_violence as sp02
from expectations.contracts.police_crime import VIOLENCE_GROUPS
from expectations.outcomes import sp02_violence as contract
from tests.campaign import examples
from tests.methods.references import golden
from tests.outcomes.crimes import draw_b, failing, frame, out_of_bounds, places, spoiled, verdicts
from tests.outcomes.services import is_tidy, one, says_decision, setting, shuffled, tables, values

PEOPLE = {2014: 262000, 2015: 262700, 2016: 263100}
NAME = contract.TABLE.name
FLAGGED = {"violence_without_da": "da_flag", "alcohol_flagged": "alcohol_flag", "ente_window": "ente_area_flag"}


def of(crimes, first="2015-04", last="2016-03", missing=()):
    """Clean tables of crimes by hand, each recorded in May 2015 unless it says otherwise."""
    rows = [
        {"recorded_date": "2015-05-06", "violence_group": "with_injury", "crime_key": str(n)} | row
        for n, row in enumerate(crimes)
    ]
    return tables(first, last, missing, police_crime=rows) | places(PEOPLE)


def made(*args, **changes):
    return sp02.calculate(of(*args), setting(**changes))


def test_violence_with_injury_of_the_specification():
    case = golden("SP02-a")
    table = made([{}] * case["input"]["count"])
    year = one(table, "with_injury", "fy", "2015-04-01")
    assert year["denominator"] == case["input"]["pop"]
    assert (year["value"], year["lower"], year["upper"]) == pytest.approx(
        tuple(case["expect"][name] for name in ("rate", "lo", "hi")), abs=1e-6
    )
    assert (year["method"], year["unit"]) == ("byar", "offences per 1000")


def test_groups_and_what_is_no_violence():
    crimes = [{"violence_group": group} for group in (*VIOLENCE_GROUPS, "without_injury", "")]
    crimes += [{"violence_group": "with_injury", "status": status} for status in ("cancelled", "transferred")]
    crimes += [{"violence_group": "", "sexual_offence": "Y"}]
    table = made(crimes)
    counts = [one(table, part, "month", "2015-05-01")["numerator"] for part in (*VIOLENCE_GROUPS, "violence_total")]
    assert counts == [1, 2, 1, 1, 5]


def test_candidates_by_flag():
    crimes = [
        {"da_flag": "Y", "alcohol_flag": "Y", "ente_area_flag": "Y", "ente_window": "in"},
        {"da_flag": "N", "alcohol_flag": "N", "ente_area_flag": "Y", "ente_window": "unknown"},
        {"da_flag": "N", "alcohol_flag": "Y", "ente_area_flag": "Y", "ente_window": "out"},
        {"da_flag": None, "alcohol_flag": "N", "ente_area_flag": "N", "ente_window": "in"},
        {"da_flag": "N", "alcohol_flag": None, "ente_area_flag": None, "ente_window": "unknown"},
    ]
    table = made(crimes)
    month = {part: one(table, part, "month", "2015-05-01") for part in (*FLAGGED, "ente_time_unknown")}
    assert [month[part]["numerator"] for part in month] == [4, 2, 1, 1]
    assert month["violence_without_da"]["note"].endswith("domestic abuse flag not answered for 1 of 5 offences")
    assert month["alcohol_flagged"]["note"].endswith("alcohol flag not answered for 1 of 5 offences")
    share = one(table, "alcohol_flag_completeness", "month", "2015-05-01")
    assert (share["numerator"], share["denominator"], share["value"], share["symbols"]) == (4, 5, 80.0, "[u]")


@pytest.mark.parametrize(("answered", "there"), [(79, False), (80, True), (100, True), (0, False)])
def test_alcohol_needs_answers(answered, there):
    """Exactly 80% is enough; one answer less is not."""
    flags = ["Y", "N"] * 50
    table = made([{"alcohol_flag": flags[n] if n < answered else None} for n in range(100)])
    for kind, start in (("month", "2015-05-01"), ("fy", "2015-04-01")):
        row = one(table, "alcohol_flagged", kind, start)
        assert (row["symbols"] != "[x]") is there
        assert math.isnan(row["numerator"]) is not there
        if not there:
            assert row["note"].endswith(f"alcohol flag answered for {answered} of 100 offences only")
        assert one(table, "alcohol_flag_completeness", kind, start)["value"] == answered


def test_threshold_is_the_registers():
    crimes = [{"alcohol_flag": "Y"}] * 6 + [{}] * 4
    assert one(made(crimes, alcohol_flag_complete=0.6), "alcohol_flagged", "fy", "2015-04-01")["numerator"] == 6
    assert one(made(crimes, alcohol_flag_complete=0.61), "alcohol_flagged", "fy", "2015-04-01")["symbols"] == "[x]"


@pytest.mark.parametrize("part", FLAGGED)
def test_flag_never_filled_in_is_not_available_and_never_zero(part):
    other = {flag: "N" for flag in FLAGGED.values() if flag != FLAGGED[part]}
    table = made([other | {"ente_window": "in"}] * 30)
    assert one(table, part, "fy", "2015-04-01")["symbols"] == "[x]"
    # Without any violence there was nothing to answer, so nought it is.
    assert one(table, part, "month", "2015-06-01")["value"] == 0
    for fine in FLAGGED.keys() - {part}:
        assert one(table, fine, "fy", "2015-04-01")["symbols"] == ""


def test_month_without_answers_does_not_hide_its_year():
    crimes = [{"alcohol_flag": "Y", "recorded_date": "2015-06-03"}] * 30 + [{"recorded_date": "2015-07-03"}] * 2
    held = of(crimes)
    table = sp02.calculate(held, setting())
    assert one(table, "alcohol_flagged", "month", "2015-07-01")["symbols"] == "[x]"
    assert one(table, "alcohol_flagged", "fy", "2015-04-01")["numerator"] == 30
    assert failing(contract, held | {NAME: table}) == set()


def test_driving_moved_in_april_2017():
    """With injury and driving break there, the total does not."""
    crimes = [
        {"recorded_date": f"{month}-09", "violence_group": "with_injury" if month < "2017-04" else "driving"}
        for month in ("2016-04", "2017-04", "2018-04")
    ]
    table = made(crimes, "2016-04", "2018-06")
    for part, broken in (
        ("with_injury", True),
        ("driving", True),
        ("violence_total", False),
        ("without_injury", False),
    ):
        first, second = (one(table, part, "month", f"{year}-04-01") for year in (2017, 2018))
        assert ("[b]" in first["symbols"], "never compared" in first["note"]) == (broken, broken)
        assert math.isnan(first["change"]) is broken
        assert ("[b]" in second["symbols"], math.isnan(second["change"])) == (False, False)


def test_nothing_is_judged_and_every_figure_warns_of_better_recording():
    crimes = [{"recorded_date": "2014-05-06"}] * 5 + [{}] * 50
    table = made(crimes, "2014-04", "2016-03", polarity="lower_better", mode="direction")
    assert set(table["comparison"]) == {"", "higher", "lower", "similar"} - {"lower"}
    assert one(table, "with_injury", "fy", "2015-04-01")["comparison"] == "higher"
    assert table["note"].str.startswith(sp02.NOTE).all()
    assert table["baseline_value"].isna().all()


def test_month_not_delivered_and_no_population():
    held = of([{}] * 40, "2015-04", "2016-03", ("2015-08",))
    table = sp02.calculate(held, setting())
    assert one(table, "with_injury", "fy", "2015-04-01")["symbols"] == "[x]"
    assert one(table, "with_injury", "quarter", "2015-04-01")["numerator"] == 40
    nobody = sp02.calculate(held | places({2016: 5}), setting())
    assert set(nobody.loc[nobody["part"] == "with_injury", "symbols"]) == {"[x]"}
    assert nobody["note"].str.contains("no population estimate held").any()


def test_no_month_complete_gives_no_row():
    held = of([{}])
    held["clean_police_crime_completeness"]["received"] = 0
    assert sp02.calculate(held, setting()).empty


@given(st.integers(0, 500))
@hypothesis_settings(max_examples=examples(8), deadline=None)
def test_groups_make_the_total_and_candidates_lie_within(seed):
    held = draw_b(seed, 0.05)
    table = sp02.calculate(held, setting())
    wide = table.pivot_table("numerator", ["period_kind", "period_start", "period_end"], "part", aggfunc="first")
    assert (wide[list(VIOLENCE_GROUPS)].sum(axis=1) == wide["violence_total"]).all()
    for part in (*FLAGGED, "ente_time_unknown"):
        assert not (wide[part] > wide["violence_total"]).any()
    assert out_of_bounds(contract, held | {NAME: table}) == set()


def test_tidy_and_order_of_rows_changes_nothing():
    held = draw_b(4, 0.2)
    table = sp02.calculate(held, setting())
    assert is_tidy(table, NAME)
    pd.testing.assert_frame_equal(sp02.calculate(shuffled(held), setting()), table, check_exact=True)
    assert values(table, "fy", "2014-04-01", "with_injury")[0] > 0
    assert says_decision(sp02, "SP02")


# Its checks -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def good():
    held = draw_b(5, 0.5)
    return held | {NAME: sp02.calculate(held, setting())}


@pytest.mark.parametrize("scale", [0.04, 0.5])
def test_suite_passes_on_good_tables(scale):
    held = draw_b(6, scale)
    found = verdicts(contract, held | {NAME: sp02.calculate(held, setting())})
    assert set(found.values()) == {"passed"}


@pytest.mark.parametrize(
    ("rule", "column", "value", "where"),
    [
        ("violence_groups_sum", "numerator", 1, {"part": "homicide", "period_kind": "r12"}),
        ("violence_groups_sum", "numerator", 1, {"part": "violence_total", "period_kind": "ytd"}),
        ("candidates_within_total", "numerator", 10**6, {"part": "ente_window"}),
        ("violence_is_of_recorded_crimes", "numerator", 1, {"part": "violence_total", "period_kind": "month"}),
        ("alcohol_needs_answers", "numerator", -(10**5), {"part": "alcohol_flag_completeness", "period_kind": "fy"}),
        ("nothing_judged", "comparison", "improved", {"part": "with_injury"}),
        ("periods_sum", "numerator", 1, {"part": "with_injury", "period_kind": "quarter"}),
        ("missing_never_zero", "symbols", "[x]", {"part": "with_injury"}),
    ],
)
def test_rule_fails_on_what_it_is_for(good, rule, column, value, where):
    table = good[NAME]
    if rule == "alcohol_needs_answers":
        # A year whose candidate has a figure.
        there = table[(table["part"] == "alcohol_flagged") & (table["period_kind"] == "fy") & table["value"].notna()]
        where = where | {"period_start": there["period_start"].iloc[0]}
    assert rule in failing(contract, good | {NAME: spoiled(table, column, value, **where)})


def test_a_cancelled_crime_that_counts_is_found(good):
    """Each month's figure is held against the extract's own rows."""
    crimes = good["clean_police_crime"]
    changed = crimes.assign(status=crimes["status"].replace("cancelled", "recorded"))
    assert failing(contract, good | {"clean_police_crime": changed}) == {"violence_is_of_recorded_crimes"}


def test_suite_survives_empty_tables(good):
    empty = {name: rows.iloc[:0] for name, rows in good.items()} | {NAME: frame(NAME, [])}
    found = verdicts(contract, empty)
    assert {rule for rule, verdict in found.items() if verdict != "passed"} == {"row_floor"}
