"""SP10: reports of hate, each once. Expected values: the specification's case, counts by hand, SQL (test_headlines_sql_b)."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from assets.outcomes import sp10_hate_crime_reporting as sp10
from expectations.contracts.model import STRANDS
from expectations.outcomes import sp10_hate_crime_reporting as contract
from methods.change import rate_ratio
from tests.campaign import examples
from tests.methods.references import golden
from tests.outcomes.crimes import draw_b, failing, frame, out_of_bounds, spoiled, verdicts
from tests.outcomes.services import complete, is_tidy, one, says_decision, setting, shuffled, tables

NAME = contract.TABLE.name
DIRECTION = setting("direction", "higher_better")
MONTH = "2015-05-01"


def report(key, **more):
    return {"report_key": key, "received_date": "2015-05-06"} | more


def crime(key, **more):
    return {"crime_key": key, "recorded_date": "2015-05-06", "hate_flag": "Y", "hate_strands": "race"} | more


def incident(key, **more):
    return {"incident_key": key, "opened_date": "2015-05-06"} | more


def of(reports=(), crimes=None, incidents=None, first="2014-04", last="2016-03"):
    """Clean tables by hand; the police's are there where they are given, even without a row."""
    police = {"police_crime": crimes, "police_incident": incidents}
    held = {source: list(rows) for source, rows in police.items() if rows is not None}
    return tables(first, last, hate_report=list(reports), **held)


def counted(*args, **kwargs):
    """Reports, crimes and incidents of May 2015."""
    table = sp10.calculate(of(*args, **kwargs), DIRECTION)
    return [one(table, part, "month", MONTH)["value"] for part in ("reports", "crimes", "incidents")]


def test_strands_of_the_specification():
    case = golden("SP10-a")
    reports = [report(str(n), strands=";".join(strands)) for n, strands in enumerate(case["input"]["reports"])]
    table = sp10.calculate(of(reports), DIRECTION)
    expect = case["expect"]
    assert one(table, "reports", "month", MONTH)["value"] == expect["total"]
    rows = [one(table, "reports", "month", MONTH, f"strand={strand}") for strand in STRANDS]
    assert {strand: row["value"] for strand, row in zip(STRANDS, rows, strict=True)} == expect["strands"] | {"other": 0}
    assert sum(row["value"] for row in rows) == expect["strand_sum"]
    shares = [one(table, "strand_share", "month", MONTH, f"strand={strand}") for strand in STRANDS]
    assert sum(row["value"] for row in shares) == pytest.approx(expect["pct_sum"])
    assert {row["denominator"] for row in shares} == {expect["total"]}


def test_crimes_and_incidents_of_every_source():
    reports = [report("1"), report("2", crime_or_incident="crime")]
    crimes = [crime("1"), crime("2", hate_flag="N"), crime("3", hate_flag=None), crime("4", status="cancelled")]
    incidents = [incident("1"), incident("2", category="asb_nuisance", strands="")]
    assert counted(reports, crimes, incidents) == [4, 2, 2]


@pytest.mark.parametrize(
    ("reports", "crimes", "incidents", "total"),
    [
        # An incident that became a hate crime counts as that crime; one that became another crime is still an incident.
        ([], [crime("C")], [incident("I", crime_key="C")], [1, 1, 0]),
        ([], [crime("C", hate_flag="N")], [incident("I", crime_key="C")], [1, 0, 1]),
        ([], [crime("C", status="cancelled")], [incident("I", crime_key="C")], [1, 0, 1]),
        # A report with the reference of a crime, of an incident, or of the crime that an incident became.
        ([report("1", police_key="C")], [crime("C")], [], [1, 1, 0]),
        ([report("1", police_key="I")], [], [incident("I")], [1, 0, 1]),
        ([report("1", police_key="C")], [crime("C", hate_flag="N")], [incident("I", crime_key="C")], [1, 0, 1]),
        ([report("1", police_key="I")], [crime("C")], [incident("I", crime_key="C")], [1, 1, 0]),
        # A crime that the police do not hold as hate: the centre's report is one all the same.
        ([report("1", police_key="C")], [crime("C", hate_flag=None)], [], [1, 0, 1]),
        ([report("1", police_key="gone")], [], [], [1, 0, 1]),
        # Of several reports with one reference the first counts.
        ([report("2", police_key="P"), report("1", police_key="P", crime_or_incident="crime")], [], [], [1, 1, 0]),
        (
            [
                report("1", police_key="P"),
                report("2", police_key="P", crime_or_incident="crime", received_date="2015-05-01"),
            ],
            [],
            [],
            [1, 1, 0],
        ),
        ([report("1"), report("2")], [], [], [2, 0, 2]),
    ],
)
def test_each_report_once(reports, crimes, incidents, total):
    assert counted(reports, crimes, incidents) == total


@pytest.mark.parametrize(
    ("row", "crimes", "incidents", "counts"),
    [
        # Without a reference: only where the police's source for that kind was never delivered.
        ({}, None, None, True),
        ({}, [], [], False),
        ({}, [], None, True),
        ({}, None, [], False),
        ({"crime_or_incident": "crime"}, [], None, False),
        ({"crime_or_incident": "crime"}, None, [], True),
        # With one: unless the police hold it, hate or not.
        ({"police_key": "C"}, [crime("C", status="cancelled")], [], False),
        ({"police_key": "C"}, [crime("C", hate_flag="N")], [], False),
        ({"police_key": "I"}, [], [incident("I", category="asb_nuisance", strands="")], False),
        ({"police_key": "elsewhere"}, [], [], True),
    ],
)
def test_police_channel(row, crimes, incidents, counts):
    assert counted([report("1", channel="police", **row)], crimes, incidents)[0] == counts


def test_report_that_is_dropped_does_not_hide_the_next_with_its_reference():
    """The police's own row goes, as they hold that reference; the centre's then counts."""
    reports = [report("1", channel="police", police_key="C"), report("2", police_key="C")]
    assert counted(reports, [crime("C", hate_flag="N")], []) == [1, 0, 1]


def test_channels_sum_to_the_reports():
    reports = [report(str(n), channel=channel) for n, channel in enumerate(["council", "centre", "centre", "online"])]
    table = sp10.calculate(of(reports, [crime("C")], [incident("I")]), DIRECTION)
    channels = {
        c: one(table, "reports", "month", MONTH, f"channel={c}")["value"]
        for c in ("police", "council", "centre", "online")
    }
    assert channels == {"police": 2, "council": 1, "centre": 2, "online": 1}


def test_period_that_one_source_does_not_cover_is_not_available():
    held = of([report("1"), report("2", received_date="2015-11-06")], [crime("C")], [incident("I")])
    held["clean_police_crime_completeness"] = complete("2015-04", "2015-09")
    table = sp10.calculate(held, DIRECTION)
    assert one(table, "reports", "quarter", "2015-04-01")["value"] == 3
    for start in ("2014-04-01", "2015-10-01", "2016-01-01"):
        row = one(table, "reports", "quarter", start)
        assert row["symbols"] == "[x]"
        assert "not delivered" in row["note"]
    assert set(table["as_at"]) == {"2015-09-30"}
    held["clean_police_crime_completeness"]["received"] = 0
    nothing = sp10.calculate(held, DIRECTION)
    assert set(nothing["symbols"]) == {"[x]"}
    assert is_tidy(nothing, NAME)


def test_records_of_the_police_that_are_missing_are_named():
    table = sp10.calculate(of([report("1")]), DIRECTION)
    assert (
        table["note"]
        .str.contains("hate crimes of the police not delivered; hate incidents of the police not delivered")
        .all()
    )
    table = sp10.calculate(of([report("1")], []), DIRECTION)
    assert not table["note"].str.contains("hate crimes of the police").any()
    assert table["note"].str.contains("hate incidents of the police not delivered").all()


def with_two_years(before, after):
    days = [("2014-05-06", before), ("2015-05-06", after)]
    return of([report(f"{day}{n}", received_date=day) for day, number in days for n in range(number)])


@pytest.mark.parametrize(
    ("before", "after", "word"), [(20, 60, "improved"), (60, 20, "worsened"), (20, 24, "no significant change")]
)
def test_more_reports_are_better_by_policy_with_a_caution(before, after, word):
    table = sp10.calculate(with_two_years(before, after), DIRECTION)
    row = one(table, "reports", "fy", "2015-04-01")
    ratio = rate_ratio(after, 1, before, 1)
    assert (ratio.lower > 1, ratio.upper < 1) == (word == "improved", word == "worsened")
    assert (row["comparison"], row["change"], row["previous_value"]) == (word, after - before, before)
    assert table["note"].str.startswith(sp10.CAUTION).all()
    # Nothing but the total is judged.
    others = table[(table["part"] != "reports") | (table["breakdown"] != "")]
    assert not others["comparison"].isin(["improved", "worsened", "no significant change"]).any()


def test_other_modes_do_not_judge():
    held = with_two_years(20, 60)
    assert (
        one(sp10.calculate(held, setting("monitor_only", "higher_better")), "reports", "fy", "2015-04-01")["comparison"]
        == "higher"
    )
    assert set(sp10.calculate(held, setting("baseline_year", "higher_better"))["comparison"]) == {""}


def test_complete_month_without_a_report_is_zero():
    table = sp10.calculate(of([], [], []), DIRECTION)
    row = one(table, "reports", "month", MONTH)
    assert (row["value"], row["lower"], row["symbols"]) == (0, 0, "")
    assert row["upper"] == pytest.approx(3.688879, abs=1e-6)
    assert one(table, "strand_share", "month", MONTH, "strand=race")["symbols"] == "[x]"


def test_tidy_and_order_of_rows_changes_nothing():
    held = draw_b(4, 0.3)
    table = sp10.calculate(held, DIRECTION)
    assert is_tidy(table, NAME)
    pd.testing.assert_frame_equal(sp10.calculate(shuffled(held), DIRECTION), table, check_exact=True)
    assert says_decision(sp10, "SP10")


@given(st.integers(0, 500))
@hypothesis_settings(max_examples=examples(4), deadline=None)
def test_parts_add_up(seed):
    held = draw_b(seed, 0.1)
    table = sp10.calculate(held, DIRECTION)
    months = table[(table["period_kind"] == "month") & table["value"].notna()]
    wide = months.assign(column=months["part"] + months["breakdown"]).pivot(
        index="period_start", columns="column", values="value"
    )
    assert (wide["crimes"] + wide["incidents"] == wide["reports"]).all()
    assert (wide.filter(like="channel=").sum(axis=1) == wide["reports"]).all()
    assert (wide.filter(like="reportsstrand=").sum(axis=1) >= wide["reports"]).all()
    # Reports of no one but the council and the centres can only be fewer without those.
    alone = sp10.calculate(held | {"clean_hate_report": held["clean_hate_report"].iloc[:0]}, DIRECTION)
    total = table[(table["part"] == "reports") & (table["breakdown"] == "")].set_index(
        ["period_kind", "period_start", "period_end"]
    )
    fewer = alone[(alone["part"] == "reports") & (alone["breakdown"] == "")].set_index(
        ["period_kind", "period_start", "period_end"]
    )
    assert not (fewer["value"] > total["value"]).any()
    assert out_of_bounds(contract, held | {NAME: table}) == set()


# Its checks -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def good():
    held = draw_b(5, 0.5)
    return held | {NAME: sp10.calculate(held, DIRECTION)}


@pytest.mark.parametrize("police", [True, False])
@pytest.mark.parametrize("scale", [0.04, 0.5])
def test_suite_passes_on_good_tables(scale, police):
    held = {name: rows for name, rows in draw_b(6, scale).items() if police or "police" not in name}
    assert set(verdicts(contract, held | {NAME: sp10.calculate(held, DIRECTION)}).values()) == {"passed"}


@pytest.mark.parametrize(
    ("rule", "column", "value", "where"),
    [
        ("kinds_and_channels_sum", "numerator", 1, {"part": "crimes", "period_kind": "ytd"}),
        ("kinds_and_channels_sum", "numerator", 1, {"part": "reports", "breakdown": "channel=council"}),
        ("kinds_and_channels_sum", "numerator", 1, {"part": "reports", "breakdown": "", "period_kind": "r12"}),
        ("every_report_has_strand", "numerator", 10**4, {"part": "reports", "breakdown": "strand=race"}),
        ("every_report_has_strand", "numerator", 10**4, {"part": "reports", "breakdown": "", "period_kind": "r12"}),
        ("within_sources", "numerator", -5, {"part": "crimes", "period_kind": "month"}),
        ("within_sources", "numerator", 10**4, {"part": "reports", "breakdown": "", "period_kind": "month"}),
        ("says_what_a_rise_means", "note", "", {"part": "reports"}),
        ("periods_sum", "numerator", 1, {"part": "incidents", "period_kind": "quarter"}),
    ],
)
def test_rule_fails_on_what_it_is_for(good, rule, column, value, where):
    table = good[NAME]
    if rule == "within_sources" and value < 0:
        crimes = good["clean_police_crime"]
        month = crimes.loc[(crimes["hate_flag"] == "Y") & (crimes["status"] == "recorded"), "month"].iloc[0]
        # All its crimes gone: fewer than the police recorded.
        where = where | {"period_start": f"{month}-01"}
        value = -float(
            table[(table["part"] == "crimes") & (table["period_start"] == f"{month}-01")]["numerator"].iloc[0]
        )
    assert rule in failing(contract, good | {NAME: spoiled(table, column, value, **where)})


@pytest.mark.parametrize("source", ["clean_hate_report", "clean_police_crime", "clean_police_incident"])
@pytest.mark.parametrize("strands", ["", "class"])
def test_report_without_strand_or_with_another_is_found(good, source, strands):
    column = "hate_strands" if source == "clean_police_crime" else "strands"
    rows = good[source]
    hateful = {
        "clean_hate_report": rows.index == 0,
        "clean_police_crime": (rows.get("hate_flag") == "Y") & (rows.get("status") == "recorded"),
        "clean_police_incident": rows.get("category") == "hate",
    }[source]
    changed = rows.assign(**{column: rows[column].mask(hateful, strands)})
    assert failing(contract, good | {source: changed}) == {"every_report_has_strand"}


def test_suite_survives_empty_tables(good):
    empty = {name: rows.iloc[:0] for name, rows in good.items()} | {NAME: frame(NAME, [])}
    found = verdicts(contract, empty)
    assert {rule for rule, verdict in found.items() if verdict != "passed"} == {"row_floor"}
