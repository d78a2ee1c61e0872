"""SP09: cohorts followed to their end. Expected values: the specification's cases, counts by hand, SQL (test_headlines_sql_b)."""

import math
from fractions import Fraction

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from assets.outcomes import sp09_crc_cohort as sp09
from expectations.outcomes import sp09_crc_cohort as contract
from tests.campaign import examples
from tests.methods.references import golden
from tests.outcomes.crimes import draw_b, failing, frame, out_of_bounds, spoiled, verdicts
from tests.outcomes.services import complete, is_tidy, says_decision, setting, shuffled, tables

NAME = contract.TABLE.name
TARGET = setting("target", "higher_better", target=Fraction(3, 4))
Q1, YEAR = "2015-04-01", "2015-04-01"


def licence(key, start="2015-04-20", end="2015-07-20", **more):
    return {"licence_key": key, "offender_key": key, "licence_start": start, "licence_end": end} | more


def event(key, day="2015-05-05", kind="recall_standard", effect="failing"):
    return {"licence_key": key, "event_date": day, "event_type": kind, "effect": effect}


def of(licences, events=(), first="2015-02", last="2016-03", missing=(), reoffences=None):
    """Clean tables by hand, all months from first to last delivered save those missing."""
    more = {} if reoffences is None else {"crc_reoffence": reoffences}
    return tables(first, last, missing, crc_licence=list(licences), crc_event=list(events), **more)


def made(*args, of_setting=TARGET, **kwargs):
    return sp09.calculate(of(*args, **kwargs), of_setting)


def one(table, part, kind="quarter", start=Q1, area="crc"):
    rows = table[
        (table["part"] == part)
        & (table["period_kind"] == kind)
        & (table["period_start"] == start)
        & (table["area_code"] == area)
    ]
    assert len(rows) == 1, f"{len(rows)} rows of {part}"
    return rows.iloc[0]


def counts(table, *parts, **where):
    return [one(table, part, **where)["value"] for part in parts]


def cohort(n, failed, kept):
    """Licences of one quarter: so many failed, so many ended, the rest without an end."""
    rows = [licence(str(i), end="2015-07-20" if i < failed + kept else None) for i in range(n)]
    return rows, [event(str(i)) for i in range(failed)]


# The specification's cases --------------------------------------------------------------------------------------------


def test_penalty_boundary_of_the_specification():
    case = golden("SP09-a")["expect"]
    for (kept, n), percent, due in zip(golden("SP09-a")["input"]["cases"], case["pct"], case["penalty"], strict=True):
        table = made(*cohort(n, n - kept, kept))
        share = one(table, "kept_share")
        assert share["value"] == pytest.approx(percent, abs=1e-6)
        assert (share["numerator"], share["denominator"], share["method"]) == (kept, n, "wilson")
        assert one(table, "penalty_exposure")["value"] == (1_500_000 if due else 0)
        # What is printed does not contradict the verdict.
        shown = float(share["note"].split("%")[0])
        assert (shown < 75) is due
        assert ("missed (final)" if due else "met (final)") in share["note"]


def test_bounds_of_the_specification():
    case = golden("SP09-b")
    for at, given_one in enumerate(case["input"]["cohorts"]):
        n, failed, kept = (given_one[name] for name in ("n", "revoked", "completed"))
        table = made(*cohort(n, failed, kept))
        lower, upper = one(table, "lower_bound"), one(table, "upper_bound")
        assert lower["value"] == pytest.approx(case["expect"]["lower_pct"][at], abs=1e-6)
        assert upper["value"] == pytest.approx(case["expect"]["upper_pct"][at], abs=1e-6)
        assert (lower["numerator"], upper["numerator"], lower["denominator"]) == (kept, n - failed, n)
        assert f"against 75.0%: {case['expect']['verdict'][at]}" in lower["note"]
        crude = case["expect"]["crude_closed_only_must_not_be_used"][at]
        final = failed + kept == n
        share = table[table["part"].isin(["kept_share", "lower_bound", "upper_bound"]) & table["value"].notna()]
        assert (
            final or not share["value"].map(lambda value, crude=crude: math.isclose(value, crude, abs_tol=1e-3)).any()
        )
        assert ("[p]" in lower["symbols"]) is not final
        assert (one(table, "kept_share")["symbols"] == "[x]") is not final


def test_unit_of_the_specification():
    """One offender, two licences, one revoked."""
    expect = golden("SP09-e")["expect"]
    rows = [licence("a"), licence("b", "2015-06-01", "2015-08-01")]
    table = made([row | {"offender_key": "one"} for row in rows], [event("b", "2015-06-20")])
    assert counts(table, "cohort", "kept", "offenders", "offenders_failed") == [
        expect["cohort"],
        expect["kept"],
        expect["offenders"],
        expect["offenders_with_any_revocation"],
    ]


# What became of a licence ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ([], "kept"),
        ([event("a", "2015-04-20")], "failed"),  # on the first day
        ([event("a", "2015-07-20")], "failed"),  # on the last day
        ([event("a", "2015-07-21")], "kept"),  # after the end
        ([event("a", "2015-04-19")], "kept"),  # before the start: an error of the source, which its check tells
        ([event("a", "2015-05-01"), event("a", "2015-06-01")], "failed"),  # two recalls fail once
        ([event("a", kind="revoked_good_progress", effect="not_failing")], "kept"),
        ([event("a", kind="pss_breach_proven", effect="none")], "kept"),
        ([event("a", kind="death", effect="excluding")], "excluded"),
        ([event("a", "2015-07-21", "death", "excluding")], "kept"),
        ([event("a", "2015-05-01", "transfer_nps", "excluding"), event("a", "2015-05-02")], "excluded"),
        ([event("a", "2015-05-02", "transfer_nps", "excluding"), event("a", "2015-05-01")], "failed"),
        ([event("a", "2015-05-01", "transfer_nps", "excluding"), event("a", "2015-05-01")], "failed"),  # not before it
        ([event("b", "2015-05-01")], "kept"),  # of another licence
    ],
)
def test_what_became_of_a_licence(events, state):
    table = made([licence("a")], events)
    expected = {name: float(name == state) for name in ("failed", "kept", "open", "excluded")}
    for area in ("crc", "E06000001"):
        assert dict(zip(expected, counts(table, *expected, area=area), strict=True)) == expected
        assert one(table, "cohort", area=area)["value"] == float(state != "excluded")


@pytest.mark.parametrize(
    ("end", "missing", "state"),
    [
        ("2016-03-31", (), "kept"),  # the last day that the data knows
        ("2016-04-01", (), "open"),
        (None, (), "open"),
        ("2015-12-31", ("2016-02",), "kept"),
        ("2016-02-15", ("2016-02",), "open"),  # a failure in February would go unseen
        ("2016-03-15", ("2016-02",), "open"),
    ],
)
def test_kept_only_when_followed_to_the_end_without_a_gap(end, missing, state):
    table = made([licence("a", "2015-12-10", end)], missing=missing)
    start = "2015-10-01"
    assert [one(table, name, start=start)["value"] for name in ("kept", "open")] == [state == "kept", state == "open"]


def test_events_that_end_before_the_licences_do_leave_them_open():
    held = of([licence("a", "2015-04-20", "2015-12-20")])
    held["clean_crc_event_completeness"] = complete("2015-02", "2015-10")
    table = sp09.calculate(held, TARGET)
    assert counts(table, "kept", "open") == [0, 1]
    assert one(table, "cohort", start="2015-10-01")["symbols"] == "[x]"  # November has no events
    assert set(table["as_at"]) == {"2015-10-31"}


def test_failed_at_once_even_while_open():
    table = made([licence("a", end=None)], [event("a", "2015-05-01")])
    assert counts(table, "failed", "open", "lower_bound", "upper_bound") == [1, 0, 0, 0]


def test_only_eligible_licences_and_the_city_by_itself():
    rows = [
        licence("a"),
        licence("b", in_city="N"),
        licence("c", eligible="N"),
        licence("d", "2015-07-01", "2015-09-01"),
    ]
    table = made(rows, [event("b")])
    assert counts(table, "cohort", "failed", "kept") == [2, 1, 1]
    assert counts(table, "cohort", "failed", "kept", area="E06000001") == [1, 0, 1]
    assert counts(table, "cohort", "kept", kind="fy") == [3, 2]
    assert set(table["area_name"]) == {"Whole of the CRC", "Fernmouth"}
    assert set(table["period_kind"]) == {"quarter", "fy"}


# Verdict and money ----------------------------------------------------------------------------------------------------


def test_penalty_is_whole_quarters_of_the_whole_crc():
    start = {
        "2015-04-01": "2015-04-20",
        "2015-07-01": "2015-07-20",
        "2015-10-01": "2015-10-02",
        "2016-01-01": "2016-01-02",
    }
    rows, events = [], []
    for quarter, day in start.items():
        for i in range(4):
            rows.append(licence(f"{quarter}{i}", day, f"2016-0{i + 1}-28"))
    events += [event(f"2015-04-01{i}", "2015-05-01") for i in (0, 1)]  # missed: half kept
    events += [event("2015-07-010", "2015-08-01")]  # exactly three quarters kept
    table = made(rows, events, last="2016-06")
    assert [one(table, "penalty_exposure", start=q)["value"] for q in start] == [1_500_000, 0, 0, 0]
    year = one(table, "penalty_exposure", kind="fy")
    assert (year["value"], year["numerator"], year["denominator"], year["unit"]) == (1_500_000, 1, 4, "£")
    assert set(table.loc[table["part"] == "penalty_exposure", "area_code"]) == {"crc"}


def test_penalty_is_known_as_soon_as_it_is_settled_and_not_before():
    bad = cohort(4, 2, 0)  # two open; it will miss whatever happens
    assert one(made(*bad), "penalty_exposure")["value"] == 1_500_000
    table = made(*cohort(4, 1, 2))
    assert one(table, "penalty_exposure")["symbols"] == "[x]"
    assert one(table, "penalty_exposure")["note"] == "1 of 1 quarters not yet determinable, 0 missed"
    assert one(table, "penalty_exposure", kind="fy")["symbols"] == "[x]"


def test_quarter_without_a_licence_is_not_available():
    table = made([licence("a")], last="2016-06")
    for part in ("lower_bound", "upper_bound", "kept_share", "penalty_exposure"):
        row = one(table, part, start="2015-10-01")
        assert (row["symbols"], row["note"].split("; ")[-1]) == ("[x]", "no eligible licence started")
    assert one(table, "cohort", start="2015-10-01")["value"] == 0


def test_no_target_no_verdict():
    table = made([licence("a")], of_setting=setting("none"))
    assert "penalty_exposure" not in set(table["part"])
    assert not table["note"].str.contains("against|met|miss").any()


def test_other_target():
    table = made(*cohort(10, 3, 7), of_setting=setting("target", target=Fraction(2, 3)))
    assert "70.0% kept; against 66.7%: met (final)" in one(table, "kept_share")["note"]


def test_city_says_that_it_settles_nothing():
    table = made([licence("a")])
    for part in ("lower_bound", "upper_bound", "kept_share"):
        assert sp09.CITY_ALONE in one(table, part, area="E06000001")["note"]
        assert sp09.CITY_ALONE not in one(table, part)["note"]


def test_small_cohorts_are_of_low_reliability():
    assert one(made(*cohort(19, 5, 14)), "lower_bound")["symbols"] == "[u]"
    assert one(made(*cohort(20, 5, 15)), "lower_bound")["symbols"] == ""
    assert one(made(*cohort(19, 5, 13)), "lower_bound")["symbols"] == "[u] [p]"


# The cohort that terminated -------------------------------------------------------------------------------------------


def test_terminating_cohort_differs_while_volume_grows():
    rows = [
        licence("a", "2015-03-10", "2015-06-10"),
        licence("b", "2015-05-01", "2015-09-01"),
        licence("c", "2015-06-01", None),
    ]
    table = made(rows, [event("c", "2015-06-20")])
    assert one(table, "terminating_kept")["numerator"] == 1  # a ended, c failed
    assert one(table, "terminating_kept")["denominator"] == 2
    later = one(table, "terminating_kept", start="2015-07-01")
    assert (later["numerator"], later["denominator"]) == (1, 1)
    assert counts(table, "cohort", "failed") == [2, 1]


@pytest.mark.parametrize(
    ("first", "start", "there"), [("2015-02", "2015-04-01", True), ("2015-03", "2015-04-01", False)]
)
def test_terminations_need_the_starts_before_them(first, start, there):
    """Licences of February 2015 on can end in the quarter; earlier there was no cohort."""
    row = one(made([licence("a", end="2015-06-01")], first=first), "terminating_kept", start=start)
    assert (row["symbols"] != "[x]") is there
    assert there or "licences that started since 2015-02: 2015-02 not delivered" in row["note"]


# Reoffending ----------------------------------------------------------------------------------------------------------


def reoffence(key, index="2015-04-20", when="2015-06-01", **more):
    return {"offender_key": key, "index_date": index, "offence_date": when, "outcome_date": when} | more


def test_levels_of_reoffending():
    rows = [licence(str(i)) for i in range(10)] + [licence("city", in_city="N")]
    found = [
        reoffence("0"),
        reoffence("0", when="2015-07-01"),
        reoffence("1", proven="N"),
        reoffence("2", index="2014-04-20"),  # counted from another day, before the quarter
        reoffence("nobody"),
        reoffence("city"),
    ]
    table = made(rows, last="2017-03", reoffences=found)
    binary, often = one(table, "reoffending"), one(table, "reoffence_frequency")
    assert (binary["numerator"], binary["denominator"]) == (2, 11)
    assert (often["numerator"], often["denominator"], often["value"]) == (3, 2, 1.5)
    assert one(table, "reoffending", area="E06000001")["numerator"] == 1
    assert one(table, "reoffending", area="E06000001")["denominator"] == 10
    assert often["symbols"] == "[u]"


@pytest.mark.parametrize(("last", "final"), [("2016-11", False), ("2016-12", True), ("2017-03", True)])
def test_reoffending_is_interim_for_eighteen_months(last, final):
    """A cohort of April to June 2015 is final from about January 2017 (spec SP09)."""
    table = made([licence("0")], last=last, reoffences=[reoffence("0")])
    row = one(table, "reoffending")
    assert ("[p]" not in row["symbols"]) is final
    assert ("interim: final with the outcomes to 2016-12" in row["note"]) is not final
    assert row["value"] == 100


def test_interim_figures_are_compared_with_nothing():
    rows = [licence("0"), licence("1", "2016-04-20", "2016-07-20")]
    found = [reoffence("0"), reoffence("1", "2016-04-20", "2016-06-02")]
    early = made(rows, last="2017-03", reoffences=found)
    late = made(rows, last="2017-12", reoffences=found)
    assert math.isnan(one(early, "reoffending", start="2016-04-01")["change"])
    assert one(late, "reoffending", start="2016-04-01")["change"] == 0


def test_reoffences_never_delivered_or_with_a_gap_are_not_available():
    without = one(made([licence("0")]), "reoffending")
    assert (without["symbols"], without["note"]) == (
        "[x]",
        "outcomes of reoffences: 2015-04, 2015-05, 2015-06 not delivered",
    )
    held = of([licence("0")], reoffences=[reoffence("0")])
    held["clean_crc_reoffence_completeness"] = complete("2015-02", "2016-03", ("2015-10",))
    gap = one(sp09.calculate(held, TARGET), "reoffending")
    assert (gap["symbols"], gap["note"]) == ("[x]", "outcomes of reoffences: 2015-10 not delivered")


def test_nobody_reoffended_is_nought_and_has_no_frequency():
    table = made([licence("0")], reoffences=[reoffence("0", proven="N")])
    assert one(table, "reoffending")["value"] == 0
    assert (one(table, "reoffence_frequency")["symbols"], one(table, "reoffence_frequency")["note"]) == (
        "[x]",
        "nobody reoffended",
    )


# The table ------------------------------------------------------------------------------------------------------------


def test_month_not_delivered():
    table = made([licence("a")], missing=("2015-05",))
    assert set(table.loc[(table["period_start"] == Q1), "symbols"]) == {"[x]"}
    assert one(table, "cohort", start="2015-07-01")["value"] == 0


@given(st.integers(0, 500))
@hypothesis_settings(max_examples=examples(8), deadline=None)
def test_cohorts_add_up_and_bounds_close_in(seed):
    held = draw_b(seed, 0.1)
    table = sp09.calculate(held, TARGET)
    keys = ["area_code", "period_kind", "period_start"]
    wide = table.pivot_table("value", keys, "part", aggfunc="first")
    known = wide.dropna(subset=["cohort"])
    assert (known[["failed", "kept", "open"]].sum(axis=1) == known["cohort"]).all()
    assert not (wide["lower_bound"] > wide["upper_bound"]).any()
    share = wide.dropna(subset=["kept_share"])
    assert (share["lower_bound"] == share["kept_share"]).all()
    assert (share["upper_bound"] == share["kept_share"]).all()
    assert out_of_bounds(contract, held | {NAME: table}) == set()


def test_tidy_and_order_of_rows_changes_nothing():
    held = draw_b(4, 0.5)
    table = sp09.calculate(held, TARGET)
    assert is_tidy(table, NAME)
    pd.testing.assert_frame_equal(sp09.calculate(shuffled(held), TARGET), table, check_exact=True)
    assert not table["comparison"].isin(["improved", "worsened", "no significant change"]).any()
    assert table["baseline_value"].isna().all()
    assert says_decision(sp09, "SP09")


def test_lower_reoffending_is_never_taken_for_better_or_worse():
    """Even if the Board chose to judge direction: higher is better for what is kept, and not for reoffending."""
    rows = [licence(f"{year}{i}", f"{year}-04-20", f"{year}-06-20") for year in (2015, 2016) for i in range(60)]
    found = [reoffence(f"2016{i}", "2016-04-20", "2016-06-02") for i in range(40)]
    events = [event(f"2016{i}", "2016-05-05") for i in range(40)]
    table = made(rows, events, last="2018-03", reoffences=found, of_setting=setting("direction", "higher_better"))
    assert one(table, "kept_share", start="2016-04-01")["comparison"] == "worsened"
    assert one(table, "reoffending", start="2016-04-01")["comparison"] == "higher"


def test_nothing_delivered_in_full_gives_no_row():
    held = of([licence("a")])
    for name in ("clean_crc_licence_completeness", "clean_crc_event_completeness"):
        held[name]["received"] = 0
    assert sp09.calculate(held, TARGET).empty


# Its checks -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def good():
    held = draw_b(5, 0.5)
    return held | {NAME: sp09.calculate(held, TARGET)}


@pytest.mark.parametrize("scale", [0.04, 1.0])
def test_suite_passes_on_good_tables(scale):
    held = draw_b(6, scale)
    assert set(verdicts(contract, held | {NAME: sp09.calculate(held, TARGET)}).values()) == {"passed"}


@pytest.mark.parametrize(
    ("rule", "column", "value", "where"),
    [
        ("cohorts_sum", "numerator", 1, {"part": "failed", "period_kind": "quarter"}),
        ("cohorts_sum", "numerator", 1, {"part": "open", "period_kind": "fy"}),
        ("cohorts_sum", "numerator", 1, {"part": "excluded", "period_kind": "quarter"}),
        ("cohorts_sum", "numerator", 1, {"part": "cohort", "area_code": "E06000001"}),
        ("quarters_make_years", "numerator", 1, {"part": "excluded", "period_kind": "fy"}),
        ("quarters_make_years", "numerator", -1, {"part": "kept", "period_kind": "fy"}),
        ("bounds_hold", "value", 90, {"part": "lower_bound"}),
        ("bounds_hold", "value", 0.5, {"part": "kept_share"}),
        ("city_within_crc", "numerator", 10**5, {"part": "failed", "area_code": "E06000001"}),
        ("penalty_whole", "value", 750_000, {"part": "penalty_exposure"}),
        ("penalty_whole", "area_code", "E06000001", {"part": "penalty_exposure"}),
        ("limits_ordered", "lower", 1000, {"part": "cohort"}),
    ],
)
def test_rule_fails_on_what_it_is_for(good, rule, column, value, where):
    assert rule in failing(contract, good | {NAME: spoiled(good[NAME], column, value, **where)})


def test_share_while_a_licence_is_open_is_found(good):
    table = good[NAME]
    label = table.index[(table["part"] == "open") & (table["value"] > 0) & (table["area_code"] == "crc")][0]
    start, kind = table.loc[label, ["period_start", "period_kind"]]
    same = (table["period_start"] == start) & (table["period_kind"] == kind) & (table["area_code"] == "crc")
    changed = table.copy()
    changed.loc[same & (table["part"] == "kept_share"), ["value", "symbols"]] = [80.0, ""]
    assert "bounds_hold" in failing(contract, good | {NAME: changed})


def test_licence_that_the_figures_lack_is_found(good):
    licences = good["clean_crc_licence"]
    extra = licences[(licences["eligible"] == "N") & licences["month"].between("2012-04", "2012-06")].index[:1]
    changed = licences.assign(eligible=licences["eligible"].mask(licences.index.isin(extra), "Y"))
    assert len(extra)
    assert failing(contract, good | {"clean_crc_licence": changed}) == {"cohorts_sum"}


def test_suite_survives_empty_tables(good):
    empty = {name: rows.iloc[:0] for name, rows in good.items()} | {NAME: frame(NAME, [])}
    found = verdicts(contract, empty)
    assert {rule for rule, verdict in found.items() if verdict != "passed"} == {"row_floor"}
