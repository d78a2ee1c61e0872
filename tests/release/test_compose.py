"""What becomes of each measure in a release: state, reasons, labels, and what of its rows is public."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date

import pandas as pd
import pytest

from assets.release.compose import BASELINE_YEAR_NOTE, Before, Decided, Known, against_baseline, decide
from assets.release.disclosure import Hidden, hidden
from assets.release.folder import COLUMNS
from assets.release.regime_b import hidden_cells
from assets.setup import Pipeline
from expectations.contracts import PARTNERS
from tests.release import computed

JUDGING = {"improved", "worsened", "no significant change"}


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    return computed.pipeline(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def known(pipeline: Pipeline) -> Known:
    return computed.known(pipeline)


@pytest.fixture(scope="module")
def decided(pipeline: Pipeline, known: Known) -> dict[str, Decided]:
    return {d.measure.id: d for d in decide(pipeline, known)}


def again(pipeline: Pipeline, known: Known) -> dict[str, Decided]:
    return {d.measure.id: d for d in decide(pipeline, known)}


def failing(known: Known, table: str) -> Known:
    """The same with every check of one table failed."""
    held = known.evidence[table]
    checks = {rule: replace(check, verdict="failed") for rule, check in held.checks.items()}
    return replace(known, evidence={**known.evidence, table: replace(held, checks=checks)})


def test_states_follow_the_board_then_the_evidence(decided: dict[str, Decided]) -> None:
    assert {name: d.state for name, d in decided.items()} == {
        "SP01": "published",
        "SP02": "awaiting_board",
        "SP03": "in_development",
        "SP04": "in_development",
        "SP05": "published",
        "SP06": "published",
        "SP07": "published",
        "SP08": "published",
        "SP09": "awaiting_board",
        "SP10": "published",
        "SP11": "published",
    }
    assert all(list(d.figures.columns) == list(COLUMNS) for d in decided.values())


@pytest.mark.parametrize("name", ["SP02", "SP09"])
def test_what_awaits_the_board_has_no_row_though_its_gate_is_open(decided: dict[str, Decided], name: str) -> None:
    assert decided[name].shut == ()
    assert decided[name].figures.empty
    assert len(decided[name].reasons) == 1


@pytest.mark.parametrize("name", ["SP03", "SP04", "SP05", "SP06", "SP07", "SP10", "SP11"])
def test_regime_b_rows_are_rounded_quarters_and_years_of_listed_parts(decided: dict[str, Decided], name: str) -> None:
    d = decided[name]
    rows = d.figures
    assert len(rows)
    assert set(rows["period_kind"]) <= {"quarter", "fy"}
    assert d.measure.public_parts is None or set(rows["part"]) <= set(d.measure.public_parts)
    assert "median_change" not in set(rows["part"])
    dimensions = {by.partition("=")[0] for by in rows["breakdown"]} - {""}
    assert dimensions <= set(d.measure.public_breakdowns)
    counts = pd.concat([rows["numerator"], rows["denominator"]]).dropna()
    assert (counts % 5 == 0).all()
    shares = rows[rows["unit"] == "%"]["value"].dropna()
    assert (shares % 1 == 0).all()


def test_provisional_while_younger_than_the_measures_maturity(pipeline: Pipeline, known: Known) -> None:
    """SP05 matures in 28 days, SP04 in 3 whole months, SP11 by no date (spec 4.9)."""

    def newest(as_of: date, name: str) -> bool:
        rows = again(pipeline, replace(known, as_of=as_of))[name].figures
        newest = rows[(rows["period_kind"] == "fy") & rows["value"].notna()].iloc[-1]
        assert newest["period_end"] == "2016-03-31"
        return "[p]" in newest["symbols"]

    assert newest(date(2016, 4, 28), "SP05")
    assert not newest(date(2016, 4, 29), "SP05")
    assert newest(date(2016, 6, 30), "SP04")
    assert not newest(date(2016, 7, 1), "SP04")
    assert not newest(date(2016, 4, 1), "SP11")


def test_a_hidden_or_missing_figure_is_not_provisional(decided: dict[str, Decided]) -> None:
    rows = pd.concat([d.figures for d in decided.values() if len(d.figures)])
    absent = rows[rows["value"].isna()]
    assert len(absent)
    assert not absent["symbols"].str.contains("[p]", regex=False).any()


@pytest.mark.parametrize("name", ["SP06", "SP07"])
def test_in_the_baseline_year_no_word_is_said_and_the_note_says_why(decided: dict[str, Decided], name: str) -> None:
    rows = decided[name].figures
    assert set(rows["comparison"]) == {""}
    assert rows["note"].str.contains(BASELINE_YEAR_NOTE, regex=False).all()


def test_words_that_a_mode_does_not_allow_are_taken_out(decided: dict[str, Decided]) -> None:
    for d in decided.values():
        said = set(d.figures["comparison"])
        match d.decision.assessment_mode:
            case "direction":
                assert said <= JUDGING | {"higher", "lower", "similar", ""}
            case "monitor_only":
                assert said <= {"higher", "lower", "similar", ""}
            case _:
                assert said <= {""}
    assert JUDGING & set(decided["SP10"].figures["comparison"])


def test_only_close_the_gap_is_measured_from_the_baseline_year(decided: dict[str, Decided]) -> None:
    assert [name for name, d in decided.items() if against_baseline(d.measure, d.decision)] == ["SP01"]


def test_the_boards_required_text_stands_with_every_state(pipeline: Pipeline, known: Known) -> None:
    held = again(pipeline, failing(known, "outcome_sp04_domestic_abuse_referrals"))["SP04"]
    shown = again(pipeline, known)["SP04"]
    for d in (held, shown):
        assert any("referred to Violence Related Harm Group" in reason for reason in d.reasons)
    assert held.state == "held"
    assert any(reason.startswith("Check ") for reason in held.reasons)


def test_one_bad_source_holds_its_own_measures_and_nobody_elses(pipeline: Pipeline, known: Known) -> None:
    states = {name: d.state for name, d in again(pipeline, failing(known, "clean_asb_case")).items()}
    assert {name for name, state in states.items() if state == "held"} == {"SP05", "SP06", "SP07"}
    assert states["SP09"] == "awaiting_board"


def test_held_shows_the_last_good_rows_as_they_were_published(
    pipeline: Pipeline, known: Known, decided: dict[str, Decided]
) -> None:
    before = {"SP05": Before("2016-02-abc", decided["SP05"].figures)}
    worse = replace(failing(known, "outcome_sp05_vulnerable_victims_engaged"), before=before)
    d = again(pipeline, worse)["SP05"]
    assert d.held_from == "2016-02-abc"
    expected = decided["SP05"].figures.assign(state="held")
    pd.testing.assert_frame_equal(d.figures, expected)


def test_held_before_it_was_ever_published_is_not_available(pipeline: Pipeline, known: Known) -> None:
    d = again(pipeline, failing(known, "outcome_sp05_vulnerable_victims_engaged"))["SP05"]
    (row,) = d.figures.itertuples()
    assert (row.part, row.symbols, row.period_end) == ("appropriate", "[x]", "2016-03-31")
    assert math.isnan(row.value)


def test_a_source_never_delivered_is_waited_for_by_name(pipeline: Pipeline, known: Known) -> None:
    receipts = [r for r in known.receipts if r.source != "pdas_referral"]
    d = again(pipeline, replace(known, receipts=receipts))["SP04"]
    label = pipeline.register.sources["pdas_referral"].label
    assert (d.state, d.reasons[0]) == ("awaiting_data", f"No delivery received: {label}.")
    assert d.figures.empty


@pytest.mark.parametrize("blocks", [False, True])
def test_a_late_source_is_told_and_blocks_only_where_the_register_says_so(
    pipeline: Pipeline, known: Known, blocks: bool
) -> None:
    source = pipeline.register.sources["pdas_referral"].model_copy(update={"late_blocks": blocks, "required": False})
    sources = {**pipeline.register.sources, "pdas_referral": source}
    register = pipeline.register.model_copy(update={"sources": sources})
    sentence = "the newest month due, 2016-03, was not delivered"
    found = again(replace(pipeline, register=register), replace(known, late={"pdas_referral": sentence}))
    assert (found["SP04"].state == "held") is blocks
    assert any(sentence in reason.lower() for reason in found["SP04"].reasons)
    assert found["SP05"].state == "published"


def test_once_hidden_stays_hidden_in_the_next_release(pipeline: Pipeline, known: Known) -> None:
    first = pd.concat([d.figures for d in decide(pipeline, known) if len(d.figures)])
    cells = hidden_cells(first)
    assert cells
    grown = {
        name: rows.assign(
            numerator=rows["numerator"] * 10, denominator=rows["denominator"] * 10,
            value=rows["value"].where(rows["unit"] == "%", rows["value"] * 10),
        )
        for name, rows in known.outcomes.items()
    }  # fmt: skip
    without = pd.concat([d.figures for d in decide(pipeline, replace(known, outcomes=grown, hidden=Hidden()))])
    with_it = pd.concat([d.figures for d in decide(pipeline, replace(known, outcomes=grown, hidden=hidden(first)))])
    assert cells <= hidden_cells(with_it)
    assert not cells <= hidden_cells(without)


def test_every_partner_source_may_stand_alone(pipeline: Pipeline, known: Known) -> None:
    """With one partner source delivered, everything made from others waits, and nothing breaks."""
    for source in PARTNERS:
        receipts = [r for r in known.receipts if r.source == source]
        for d in again(pipeline, replace(known, receipts=receipts)).values():
            assert d.state in ("awaiting_board", "awaiting_data", "published", "in_development", "held")
            assert d.state not in ("published", "in_development") or len(d.figures)
