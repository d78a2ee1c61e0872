"""What a release says: for each measure its state, its reasons and its published rows. Pure.

Here: gate decisions turned into rows, manifest entries and page records. Not here: reading evidence, writing files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from assets.alerts import figures_text
from assets.raw.registration import current
from assets.release import view
from assets.release.disclosure import Hidden, publishable
from assets.release.folder import COLUMNS, NUMBERS
from assets.release.gate import (
    CheckEvidence,
    Shut,
    State,
    TableEvidence,
    Waived,
    evidence_gate,
    lineage,
    measure_state,
    waive,
)
from assets.setup import SOURCES, UPSTREAM, Pipeline, decision_in_force, sources_of
from expectations.register import Decision, Measure, Register
from methods.periods import add_months
from resources.archive import Receipt

_JUDGING = ("improved", "worsened", "no significant change")
_HEADLINE = {"SP01": "gap", "SP08": "proxy"}


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


@dataclass(frozen=True)
class Before:
    """What the release before says of a measure: where its last good rows are from, and the rows."""

    release: str
    figures: pd.DataFrame


@dataclass(frozen=True)
class Known:
    """Everything the decision is made from.

    Attributes:
        evidence: of every table.
        outcomes: rows of the outcome tables as the gate's snapshot reads them.
        receipts: all receipts.
        late: sentence for each source whose newest due month is missing and that may not be published without it.
        before: last good rows of each measure that was ever published.
        hidden: tables that an earlier release hid.
        as_of: date of evaluation.
    """

    evidence: Mapping[str, TableEvidence]
    outcomes: Mapping[str, pd.DataFrame]
    receipts: Sequence[Receipt]
    late: Mapping[str, str]
    before: Mapping[str, Before]
    hidden: frozenset[Hidden]
    as_of: date


def decide(pipeline: Pipeline, known: Known) -> list[Decided]:
    """Every measure of the register, in its order."""
    return [_decide(pipeline, known, measure) for measure in pipeline.register.measures.values()]


def _decide(pipeline: Pipeline, known: Known, measure: Measure) -> Decided:
    register = pipeline.register
    decision = decision_in_force(register, measure.id, known.as_of) or _undecided(register, measure)
    table = measure.outcome_table
    delivered = {receipt.source for receipt in known.receipts}
    has_all = bool(table) and sources_of(table) <= delivered
    shut: list[Shut] = []
    used: list[Waived] = []
    if table and has_all:
        shut = evidence_gate(table, known.evidence, pipeline.wanted)
        shut += [Shut(f"raw_{s}", "", "late", known.late[s]) for s in sorted(sources_of(table)) if s in known.late]
        waivers = [
            Waived(w.check, w.requested_by, w.approved_by, w.reason, w.expires)
            for w in register.waivers
            if w.measure == measure.id and w.in_force(known.as_of)
        ]
        shut, used = waive(shut, waivers)
    state = measure_state(decision.board_status, computed=bool(table), delivered=has_all, reasons=shut)
    before = known.before.get(measure.id) if state == "held" else None
    if state in ("published", "in_development"):
        rows = known.outcomes[table]
        as_at = str(rows["as_at"].max()) if len(rows) else ""
        rows = publishable(rows, register.thresholds.small_count, known.hidden)
        rows = _labelled(rows, measure, decision, known.as_of)
    elif state == "held":
        rows = before.figures if before else _nothing(measure, known)
        as_at = str(rows["as_at"].max())
    else:
        rows, as_at = pd.DataFrame(columns=list(COLUMNS)), ""
    rows = rows.assign(board_status=decision.board_status, state=state)
    return Decided(
        measure,
        decision,
        state,
        _reasons(pipeline, known, measure, state, shut, delivered),
        tuple(shut),
        tuple(used),
        before.release if before else None,
        as_at,
        rows[list(COLUMNS)].reset_index(drop=True),
    )


def _undecided(register: Register, measure: Measure) -> Decision:
    """What stands for a decision before the Board took one: nothing may be published."""
    first = min((d for d in register.decisions if d.measure == measure.id), key=lambda d: d.date)
    return first.model_copy(update={"board_status": "proposal_awaited", "assessment_mode": "none", "verbatim": ""})


def _reasons(
    pipeline: Pipeline, known: Known, measure: Measure, state: State, shut: Sequence[Shut], delivered: set[str]
) -> tuple[str, ...]:
    """Why a measure is not shown as the newest data would have it, in sentences."""
    register = pipeline.register
    decided = decision_in_force(register, measure.id, known.as_of)
    status = register.status_text(measure.id, known.as_of) if decided else f"no decision in force on {known.as_of}"
    if state == "awaiting_board":
        return (f"Awaiting the Board: {status[:1].lower()}{status[1:]}." if status else "Awaiting the Board.",)
    if state == "awaiting_data":
        names = sorted(sources_of(measure.outcome_table)) if measure.outcome_table else measure.sources
        missing = [register.sources[name].label for name in names if name not in delivered]
        said = tuple(f"No delivery received: {label}." for label in missing)
        return (*said, *((f"{status.rstrip('.')}.",) if status else ()))
    if state == "held":
        expected = {(t, r.name): r.reason for t, suite in pipeline.suites.items() for r in suite.rules}
        why = (f"{s.text[:1].upper()}{s.text[1:]}." + _expects(expected.get((s.table, s.rule))) for s in shut)
        return tuple(dict.fromkeys(why))
    return (f"{status.rstrip('.')}.",) if status else ()


def _expects(reason: str | None) -> str:
    return f" Expected: {reason}." if reason else ""


def _nothing(measure: Measure, known: Known) -> pd.DataFrame:
    """The one row of a held measure that was never published: nothing available, and why."""
    newest = max((r.month for r in known.receipts if r.month), default=f"{known.as_of:%Y-%m}")
    year = int(newest[:4]) - (int(newest[5:]) < 4)
    row: dict[str, Any] = {name: float("nan") if name in NUMBERS else "" for name in COLUMNS}
    row |= {
        "measure": measure.id,
        "part": _HEADLINE.get(measure.id, ""),
        "period_kind": "fy",
        "period_start": f"{year}-04-01",
        "period_end": f"{year + 1}-03-31",
        "symbols": "[x]",
        "note": "held before it was ever published",
    }
    return pd.DataFrame([row])


def _labelled(rows: pd.DataFrame, measure: Measure, decision: Decision, as_of: date) -> pd.DataFrame:
    """Rows with `[p]` where a period is younger than its maturity, and no word that the mode does not allow."""
    rows = rows.copy()
    months = measure.maturity_months
    if months is not None:
        final_from = rows["period_end"].str[:7].map(lambda month: add_months(month, months + 1))
        young = rows["value"].notna() & (final_from > f"{as_of:%Y-%m}")
        rows.loc[young, "symbols"] = (rows.loc[young, "symbols"] + " [p]").str.strip()
    if decision.assessment_mode != "direction":
        rows.loc[rows["comparison"].isin(_JUDGING), "comparison"] = ""
    return rows


def manifest(
    pipeline: Pipeline,
    known: Known,
    decided: Sequence[Decided],
    *,
    parent: str | None,
    months: Mapping[str, Sequence[str]],
    figures_sha256: str,
) -> dict[str, Any]:
    """Everything a release says and is made from, as plain content: no run, no wall time, no path."""
    register = pipeline.register
    return {
        "partnership": {
            "name": register.name,
            "slug": register.slug,
            "area_code": register.area.code,
            "area_name": register.area.name,
            "synthetic": register.synthetic,
        },
        "kind": "draft",
        "parent": parent,
        "as_at": max((d.as_at for d in decided), default=""),
        "as_of": known.as_of.isoformat(),
        "code_version": pipeline.code_version,
        "register_sha256": register.content_hash,
        "figures_sha256": figures_sha256,
        "months": {force: list(held) for force, held in sorted(months.items())},
        "deliveries": [
            {"source": r.source, "slot": r.slot, "sha256": r.sha256, "size": r.size, "rows": r.rows, "counts": counts}
            for r, counts in _deliveries(known.receipts)
        ],
        "tables": {
            name: {"sha256": held.hash_read, "inputs": dict(sorted(held.inputs.items()))}
            for name, held in sorted(known.evidence.items())
            if held.hash_read
        },
        "checks": [
            {
                "table": name,
                "rule": rule,
                "severity": severity,
                "verdict": _verdict(known.evidence[name].checks.get(rule)),
                "suite_version": pipeline.suite_versions.get(name, ""),
                "figures": dict(sorted(_figures(known.evidence[name].checks.get(rule)).items())),
            }
            for name in sorted(known.evidence)
            for rule, severity in sorted(pipeline.required.get(name, {}).items())
        ],
        "measures": {
            d.measure.id: {
                "name": d.measure.name,
                "state": d.state,
                "reasons": list(d.reasons),
                "held_from": d.held_from,
                "as_at": d.as_at,
                "board_status": d.decision.board_status,
                "assessment_mode": d.decision.assessment_mode,
                "decision_date": d.decision.date.isoformat(),
                "tables": lineage(d.measure.outcome_table, UPSTREAM) if d.measure.outcome_table else [],
                "waivers": [
                    {"check": w.check, "requested_by": w.requested_by, "approved_by": w.approved_by}
                    | {"reason": w.reason, "expires": w.expires.isoformat()}
                    for w in d.waived
                ],
            }
            for d in decided
        },
    }


def _deliveries(receipts: Sequence[Receipt]) -> list[tuple[Receipt, bool]]:
    """Every version of every slot, with whether it is the one that counts; the same for any form or name of the file."""
    counting = {(r.source, slot): r.sha256 for s in SOURCES.values() for slot, r in current(_of(receipts, s)).items()}
    once = {(r.source, r.slot, r.sha256): r for r in receipts}
    return [(r, counting.get((r.source, r.slot)) == r.sha256) for _, r in sorted(once.items())]


def _of(receipts: Sequence[Receipt], source: str) -> list[Receipt]:
    return [receipt for receipt in receipts if receipt.source == source]


def _verdict(check: CheckEvidence | None) -> str:
    return "missing" if check is None else check.verdict if check.finished else "unfinished"


def _figures(check: CheckEvidence | None) -> Mapping[str, float]:
    return check.figures if check and check.finished else {}


def release_view(
    pipeline: Pipeline,
    known: Known,
    decided: Sequence[Decided],
    said: Mapping[str, Any],
) -> view.ReleaseView:
    """The release as its pages show it."""
    register = pipeline.register
    as_at = date.fromisoformat(said["as_at"]) if said["as_at"] else known.as_of
    return view.ReleaseView(
        release_id=said["id"],
        partnership=register.name,
        synthetic=register.synthetic,
        as_at=as_at,
        as_of=known.as_of,
        parent=said["parent"],
        basis="synthetic deliveries" if register.synthetic else "open data",
        code_version=pipeline.code_version,
        measures=tuple(_measure_view(pipeline, known, d, said) for d in decided),
        deliveries=tuple(_delivery_view(pipeline, known, name) for name in register.sources),
        notes=register.caveats,
        downloads=(
            view.DownloadView("outcomes.csv", "All published figures (CSV)"),
            view.DownloadView("outcomes.parquet", "All published figures (Parquet)"),
            view.DownloadView("release.json", "Manifest and evidence (JSON)"),
        ),
    )


def _measure_view(pipeline: Pipeline, known: Known, d: Decided, said: Mapping[str, Any]) -> view.MeasureView:
    m, tables = d.measure, said["measures"][d.measure.id]["tables"]
    reasons = {f"{t}/{r.name}": r for t, s in pipeline.suites.items() for r in s.rules}
    return view.MeasureView(
        id=m.id,
        name=m.name,
        theme=m.theme,
        title=m.open_data_title or m.name,
        state=d.state,
        board_status=d.decision.board_status,
        assessment_mode=d.decision.assessment_mode,
        figures=d.figures,
        reasons=d.reasons,
        held_from=d.held_from,
        held_as_at=date.fromisoformat(d.as_at) if d.state == "held" and d.as_at else None,
        board_wording=m.board_aim or m.board_title,
        board_decision=d.decision.verbatim,
        decision_date=d.decision.date,
        minute_reference=d.decision.minute_reference,
        review_due=m.review_due,
        polarity=m.polarity,
        unit=m.unit,
        baseline=pipeline.register.baseline_financial_year if d.decision.assessment_mode == "direction" else "",
        target=m.target_text or None,
        rationale=m.rationale,
        numerator=m.numerator,
        denominator=m.denominator,
        formula=m.formula,
        inclusions=m.inclusions,
        exclusions=m.exclusions,
        sources=tuple(pipeline.register.sources[s].label for s in m.sources),
        owner=m.owner,
        frequency=m.frequency,
        time_basis=m.time_basis,
        interval_method=m.interval_method,
        limitations=(*((m.open_data_note,) if m.open_data_note else ()), *m.limitations, *m.known_biases),
        incentives=m.perverse_incentives,
        first_published=m.first_published.isoformat() if m.first_published else "",
        method_version=m.method_version,
        disclosure=m.disclosure_regime,
        priority_areas=frozenset(member.neighbourhood_code for member in pipeline.register.priority_set)
        if m.id == "SP01"
        else frozenset(),
        checks=tuple(
            view.CheckView(
                table=c["table"],
                rule=c["rule"],
                severity=c["severity"],
                verdict=c["verdict"] if c["verdict"] != "unfinished" else "missing",
                counts=figures_text(c["figures"]),
                reason=reasons[f"{c['table']}/{c['rule']}"].reason if f"{c['table']}/{c['rule']}" in reasons else "",
                dimension=reasons[f"{c['table']}/{c['rule']}"].dimension
                if f"{c['table']}/{c['rule']}" in reasons
                else "",
            )
            for c in said["checks"]
            if c["table"] in tables
        ),
        versions=tuple(
            view.VersionView(t, str(known.evidence[t].hash_read), int(_rows_of(known.evidence[t])))
            for t in tables
            if t in known.evidence and known.evidence[t].hash_read
        ),
        files=tuple(
            view.FileView(x["source"], x["slot"], x["sha256"], x["rows"])
            for x in said["deliveries"]
            if x["counts"] and f"raw_{x['source']}" in tables
        ),
        waivers=tuple(
            view.WaiverView(
                w.check.partition("/")[0], w.check.partition("/")[2], w.reason, w.requested_by, w.approved_by, w.expires
            )
            for w in d.waived
        ),
    )


def _rows_of(held: TableEvidence) -> float:
    return next((c.figures["rows"] for c in held.checks.values() if "rows" in c.figures), 0)


def _delivery_view(pipeline: Pipeline, known: Known, name: str) -> view.DeliveryView:
    source = pipeline.register.sources[name]
    held = [r for r, counts in _deliveries(known.receipts) if r.source == name and counts]
    months = sorted(r.month for r in held if r.month)
    state = "received" if held else "never delivered" if source.expected else "not expected"
    return view.DeliveryView(
        source=source.label,
        owner=source.owner,
        state="late" if held and name in known.late else state,  # type: ignore[arg-type]
        covers=f"{months[0]} to {months[-1]}" if months else "",
        files=len(held),
        rows=sum(r.rows for r in held),
        note=known.late.get(name, ""),
    )
