"""What a release says of each measure: its state, its reasons and its published rows. Pure.

Here: gate decisions turned into rows. Not here: reading evidence (`evidence.py`), what of a table may be public
(`disclosure.py`), the manifest (`manifest.py`), pages (`shown.py`), writing files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pandas as pd

from assets.clock import newest_coverage
from assets.release.disclosure import Hidden, publishable
from assets.release.folder import COLUMNS, NUMBERS
from assets.release.gate import (
    Shut,
    State,
    TableEvidence,
    Waived,
    Wanted,
    evidence_gate,
    lineage,
    measure_state,
    waive,
)
from assets.release.out_turns import Given, settle, unmarked
from assets.release.regime_b import Asked
from assets.release.view import RevisionView, headline_part
from assets.setup import SOURCES, Pipeline, decision_in_force, delivered_sources, setting, sources_of
from expectations.register import Decision, Measure, Register
from methods.maturity import is_provisional
from resources.archive import Receipt

BASELINE_YEAR_NOTE = "baseline year: nothing is judged"
_JUDGING = ("improved", "worsened", "no significant change")
#: Modes in which nothing is said of how a figure compares.
_WORDLESS = ("baseline_year", "none")
#: States in which a measure has rows.
SHOWN: tuple[State, ...] = ("published", "in_development", "held")


@dataclass(frozen=True)
class Decided:
    """One measure of a release."""

    measure: Measure
    decision: Decision
    state: State
    reasons: tuple[str, ...]
    shut: tuple[Shut, ...]
    waived: tuple[Waived, ...]
    held_from: str | None
    as_at: str
    figures: pd.DataFrame
    #: Financial years that are out-turns, and the date of evaluation of the first release that had each.
    final: Mapping[str, str] = field(default_factory=dict)
    revisions: tuple[RevisionView, ...] = ()
    #: Why a commentary is demanded that is not there, in sentences.
    commentary_wanted: tuple[str, ...] = ()


@dataclass(frozen=True)
class Before:
    """What the release before says of a measure: where its last good rows are from, the rows, and its final years."""

    release: str
    figures: pd.DataFrame
    final: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Known:
    """Everything the decision is made from.

    Attributes:
        evidence: of every table.
        outcomes: rows of the outcome tables as the gate's snapshot reads them.
        receipts: all receipts.
        late: sentence for each source whose newest due month is missing.
        before: last good rows of each measure that was ever published.
        hidden: what all earlier releases published, and so what they hid.
        as_of: date of evaluation.
        rejects: rows set aside, by partner source and reason.
    """

    evidence: Mapping[str, TableEvidence]
    outcomes: Mapping[str, pd.DataFrame]
    receipts: Sequence[Receipt]
    late: Mapping[str, str]
    before: Mapping[str, Before]
    hidden: Hidden
    as_of: date
    rejects: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


def decide(pipeline: Pipeline, known: Known) -> list[Decided]:
    """Every measure of the register, in its order."""
    delivered = delivered_sources(known.receipts)
    wanted = pipeline.wanted(delivered)
    return [_decide(pipeline, known, delivered, wanted, measure) for measure in pipeline.register.measures.values()]


def _decide(pipeline: Pipeline, known: Known, delivered: set[str], wanted: Wanted, measure: Measure) -> Decided:
    register = pipeline.register
    decision = decision_in_force(register, measure.id, known.as_of) or _undecided(register, measure)
    table = measure.outcome_table
    has_all = bool(table) and sources_of(table) <= delivered
    shut: list[Shut] = []
    used: list[Waived] = []
    late: list[str] = []
    if table and has_all:
        late = sorted({SOURCES[n] for n in lineage(table, wanted.upstream) if n in SOURCES} & set(known.late))
        shut = evidence_gate(table, known.evidence, wanted)
        shut += [Shut(f"raw_{s}", "", "late", known.late[s]) for s in late if late_blocks(register, s)]
        waivers = [
            Waived(w.check, w.requested_by, w.approved_by, w.reason, w.expires)
            for w in register.waivers
            if w.measure == measure.id and w.in_force(known.as_of)
        ]
        shut, used = waive(shut, waivers)
    state = measure_state(decision.board_status, computed=bool(table), delivered=has_all, reasons=shut)
    last_good = known.before.get(measure.id)
    before = last_good if state == "held" else None
    final = before.final if before else {}
    if state in ("published", "in_development"):
        rows = known.outcomes[table]
        as_at = str(rows["as_at"].max()) if len(rows) else ""
        asked = _asked(register, measure, decision, known.as_of)
        rows = publishable(rows, measure, asked, register.thresholds.small_count, known.hidden)
        settled = settle(rows, measure, _given(register, asked, last_good, known.as_of))
        rows, final = _labelled(settled.rows, measure, decision, known.as_of), settled.final
    elif state == "held":
        rows = before.figures if before else _nothing(measure, known)
        rows = rows.assign(symbols=rows["symbols"].map(unmarked))
        as_at = str(rows["as_at"].max())
    else:
        rows, as_at = pd.DataFrame(columns=list(COLUMNS)), ""
    rows = rows.assign(board_status=decision.board_status, state=state)
    return Decided(
        measure,
        decision,
        state,
        _reasons(pipeline, known, measure, state, shut, late, delivered),
        tuple(shut),
        tuple(used),
        before.release if before else None,
        as_at,
        rows[list(COLUMNS)].reset_index(drop=True),
        final,
    )


def _undecided(register: Register, measure: Measure) -> Decision:
    """What stands for a decision before the Board took one: nothing may be published."""
    first = min((d for d in register.decisions if d.measure == measure.id), key=lambda d: d.date)
    return first.model_copy(update={"board_status": "proposal_awaited", "assessment_mode": "none", "verbatim": ""})


def late_blocks(register: Register, source: str) -> bool:
    """Whether nothing made from a source may be published while its newest due month is missing."""
    return register.sources[source].required or register.sources[source].late_blocks


def against_baseline(measure: Measure, decision: Decision) -> bool:
    """Whether a change is measured from the baseline year: the mode is a direction, and the measure names a year."""
    return decision.assessment_mode == "direction" and bool(re.search(r"\d{4}", measure.baseline))


def _asked(register: Register, measure: Measure, decision: Decision, as_of: date) -> Asked:
    return Asked(
        setting(register, measure.id, as_of),
        against_baseline(measure, decision),
        _terms(register),
        register.thresholds.response_rate_warn,
    )


def _given(register: Register, asked: Asked, before: Before | None, as_of: date) -> Given:
    return Given(
        as_of,
        register.out_turns_final,
        asked.setting.baseline_fy,
        asked.against_baseline,
        asked.setting.judged_by,
        before.figures if before else None,
        before.final if before else {},
    )


def _terms(register: Register) -> frozenset[float]:
    """Days, months and percentages that the register knows, and a note may say."""
    limits = register.thresholds.model_dump().values()
    maturity = (t for m in register.measures.values() for t in (m.maturity_days, m.maturity_months) if t)
    return frozenset(float(100 * limit if isinstance(limit, float) else limit) for limit in (*limits, *maturity))


def _reasons(
    pipeline: Pipeline,
    known: Known,
    measure: Measure,
    state: State,
    shut: Sequence[Shut],
    late: Sequence[str],
    delivered: set[str],
) -> tuple[str, ...]:
    """What a reader must know beside the figures, in sentences: why they are not there, or what the Board still wants."""
    register = pipeline.register
    decided = decision_in_force(register, measure.id, known.as_of)
    status = register.status_text(measure.id, known.as_of) if decided else f"no decision in force on {known.as_of}"
    required = (f"{status.rstrip('.')}.",) if status else ()
    if state == "awaiting_board":
        return (f"Awaiting the Board: {status[:1].lower()}{status[1:]}." if status else "Awaiting the Board.",)
    if state == "awaiting_data":
        names = sorted(sources_of(measure.outcome_table)) if measure.outcome_table else measure.sources
        missing = [register.sources[name].label for name in names if name not in delivered]
        return (*(f"No delivery received: {label}." for label in missing), *required)
    if state == "held":
        expected = {(t, r.name): r.reason for t, suite in pipeline.suites.items() for r in suite.rules}
        why = (f"{s.text[:1].upper()}{s.text[1:]}." + _expects(expected.get((s.table, s.rule))) for s in shut)
        return (*required, *dict.fromkeys(why))
    return (*required, *(f"Late: {register.sources[s].label}: {known.late[s]}." for s in late))


def _expects(reason: str | None) -> str:
    return f" Expected: {reason}." if reason else ""


def _nothing(measure: Measure, known: Known) -> pd.DataFrame:
    """The one row of a held measure that was never published: nothing available, and why."""
    newest = newest_coverage(known.receipts) or known.as_of
    year = newest.year - (newest.month < 4)
    row: dict[str, Any] = {name: float("nan") if name in NUMBERS else "" for name in COLUMNS}
    row |= {
        "measure": measure.id,
        "part": headline_part(measure.id),
        "period_kind": "fy",
        "period_start": f"{year}-04-01",
        "period_end": f"{year + 1}-03-31",
        "symbols": "[x]",
        "note": "held before it was ever published",
    }
    return pd.DataFrame([row])


def _labelled(rows: pd.DataFrame, measure: Measure, decision: Decision, as_of: date) -> pd.DataFrame:
    """Rows with `[p]` where a period is younger than its maturity, and no word that the mode does not allow."""
    ends = {
        end: is_provisional(end, as_of, measure.maturity_months, measure.maturity_days)
        for end in rows["period_end"].unique()
    }
    young = rows["value"].notna() & rows["period_end"].map(ends).astype(bool)
    symbols = rows["symbols"].where(~young, (rows["symbols"] + " [p]").str.strip())
    mode = decision.assessment_mode
    silent = rows["comparison"].isin(_JUDGING) & (mode != "direction") | (mode in _WORDLESS)
    rows = rows.assign(symbols=symbols, comparison=rows["comparison"].where(~silent, ""))
    if mode == "baseline_year":
        said = rows["note"].str.contains("baseline year", regex=False)
        noted = (rows["note"] + "; " + BASELINE_YEAR_NOTE).str.removeprefix("; ")
        rows = rows.assign(note=rows["note"].where(said, noted))
    return rows
