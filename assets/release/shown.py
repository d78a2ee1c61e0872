"""A release as its pages show it: for the public what was released, for analysts everything that was computed. Pure.

Here: records of `view.py` made from the decision and the register. Not here: any wording of a figure (`words.py`), layout
(`pages.py`), the decision itself (`compose.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pandas as pd

from assets.alerts import figures_text
from assets.release import view
from assets.release.compose import SHOWN, Decided, Known, against_baseline
from assets.release.explained import page_name as explained_page
from assets.release.folder import COLUMNS
from assets.release.gate import TableEvidence, lineage
from assets.release.manifest import deliveries, evidence_in_full, open_tables
from assets.setup import NEEDS, SOURCES, Pipeline, delivered_sources
from expectations.contracts import PARTNERS, TABLES
from expectations.register import Register
from expectations.suites import Rule
from resources.archive import Receipt

_NOT_SHOWN = "not shown"
#: Files of a release to take away, as its index names them.
DOWNLOADS = (
    view.DownloadView("outcomes.xlsx", "All published figures, a sheet for each measure (Excel workbook)"),
    view.DownloadView("outcomes.csv", "All published figures (CSV)"),
    view.DownloadView("outcomes.csv-metadata.json", "What the columns of the CSV mean (CSVW metadata)"),
    view.DownloadView("outcomes.parquet", "All published figures, typed (Parquet)"),
    view.DownloadView("revisions.csv", "Revisions: every number that differs from the release compared with (CSV)"),
    view.DownloadView("release.json", "Manifest and evidence (JSON)"),
)


@dataclass(frozen=True)
class _At:
    """What the records of one release have in common."""

    pipeline: Pipeline
    known: Known
    rules: Mapping[tuple[str, str], Rule]
    deliveries: Sequence[tuple[Receipt, bool]]
    #: Tables whose counts are shown.
    opened: Collection[str]
    exact: bool

    @classmethod
    def of(cls, pipeline: Pipeline, known: Known, opened: Collection[str], *, exact: bool) -> _At:
        rules = {(t, r.name): r for t, s in pipeline.suites.items() for r in s.rules}
        return cls(pipeline, known, rules, deliveries(known.receipts), opened, exact)

    def label(self, source: str) -> str:
        return self.pipeline.register.sources[source].label


def release_view(
    pipeline: Pipeline, known: Known, decided: Sequence[Decided], said: Mapping[str, Any]
) -> view.ReleaseView:
    """The release for the public, from its own manifest."""
    register, at = pipeline.register, _At.of(pipeline, known, open_tables(decided), exact=False)
    versions = {
        name: view.VersionView(name, table["sha256"], None if "sealed" in table else _rows_of(known.evidence[name]))
        for name, table in said["tables"].items()
    }
    return view.ReleaseView(
        release_id=said["id"],
        partnership=register.name,
        synthetic=register.synthetic,
        as_at=date.fromisoformat(said["as_at"]) if said["as_at"] else known.as_of,
        as_of=known.as_of,
        parent=said["parent"],
        basis="synthetic deliveries" if register.synthetic else _basis(said),
        code_version=pipeline.code_version,
        measures=tuple(
            _measure(at, d, said["checks"], said["measures"][d.measure.id]["tables"], versions) for d in decided
        ),
        deliveries=tuple(_delivery(at, name) for name in register.sources),
        rejects=_rejects(at, said["rejects"]),
        notes=register.caveats,
        licence=register.licence,
        downloads=DOWNLOADS,
        brand=register.brand.colour if register.brand else "",
        compared_with=said.get("compared_with"),
    )


def analysts_view(
    pipeline: Pipeline, known: Known, decided: Sequence[Decided], public: view.ReleaseView
) -> view.ReleaseView:
    """Everything that was computed, exact, with the verdict of the gate; never for publication."""
    at = _At.of(pipeline, known, TABLES, exact=True)
    upstream = pipeline.wanted(delivered_sources(known.receipts)).upstream
    checks = evidence_in_full(pipeline, known)
    versions = {
        name: view.VersionView(name, held.hash_read, _rows_of(held))
        for name, held in known.evidence.items()
        if held.hash_read
    }
    measures = []
    for d, shown in zip(decided, public.measures, strict=True):
        table = d.measure.outcome_table
        tables = lineage(table, upstream) if table and d.state != "awaiting_data" else []
        measures.append(
            replace(
                _measure(at, d, checks, tables, versions),
                title=shown.title,
                figures=computed(known, d),
                reasons=(*_why_not_public(d), *verdict(d), *d.reasons),
                explained="",
                analysts=True,
            )
        )
    return replace(
        public,
        analysts=True,
        measures=tuple(measures),
        deliveries=tuple(_delivery(at, name) for name in pipeline.register.sources),
        rejects=_rejects(at, known.rejects),
        downloads=(view.DownloadView("outcomes.csv", "All computed figures, exact (CSV)"),),
    )


def computed(known: Known, d: Decided) -> pd.DataFrame:
    """Every row that was computed for a measure, whatever its gates say; no row where there is no table."""
    rows = known.outcomes.get(d.measure.outcome_table)
    rows = pd.DataFrame(columns=list(COLUMNS)) if rows is None else rows
    return rows.assign(board_status=d.decision.board_status, state=d.state)[list(COLUMNS)]


def verdict(d: Decided) -> tuple[str, ...]:
    """What the evidence gate says of a measure, in sentences."""
    if not d.measure.outcome_table or d.state == "awaiting_data":
        return ("Evidence gate: not judged, since not every source was delivered.",)
    if not d.shut:
        return ("Evidence gate: open.",)
    return tuple(f"Evidence gate: shut: {s.text}." for s in d.shut)


def _why_not_public(d: Decided) -> tuple[str, ...]:
    if d.state == "awaiting_board":
        return ("Not public: the Board has not settled this measure.",)
    if d.state == "held":
        return ("Not public as it stands here: the measure is held at its last good figures.",)
    if d.state in SHOWN:
        return ("The release shows some parts only, after disclosure control; here are all of them, exact.",)
    return ()


def _basis(said: Mapping[str, Any]) -> str:
    restricted = any(d["source"] in PARTNERS for d in said["deliveries"])
    return "open data and partners' deliveries" if restricted else "open data"


def _measure(
    at: _At,
    d: Decided,
    checks: Sequence[Mapping[str, Any]],
    tables: Sequence[str],
    versions: Mapping[str, view.VersionView],
) -> view.MeasureView:
    m, register = d.measure, at.pipeline.register
    proxy = bool(m.open_data_title) and not set(d.figures["part"]) & set(view.MEASURE_PROPER.get(m.id, ()))
    return view.MeasureView(
        id=m.id,
        name=m.name,
        theme=m.theme,
        title=m.open_data_title if proxy else m.name,
        state=d.state,
        board_status=d.decision.board_status,
        assessment_mode=d.decision.assessment_mode,
        figures=d.figures,
        reasons=d.reasons,
        held_from=d.held_from,
        held_as_at=date.fromisoformat(d.as_at) if d.state == "held" and d.as_at else None,
        as_at=date.fromisoformat(d.as_at) if d.as_at else None,
        board_wording=m.board_aim or m.board_title,
        board_decision=d.decision.verbatim,
        decision_date=d.decision.date,
        minute_reference=d.decision.minute_reference,
        review_due=m.review_due,
        review_method=m.review_method,
        polarity=m.polarity,
        reading=m.reading,
        unit=m.unit,
        baseline=register.baseline_financial_year if against_baseline(m, d.decision) else "",
        baseline_text=m.baseline,
        target=m.target_text or None,
        target_set_by=m.target_set_by,
        rationale=m.rationale,
        definition=m.definition,
        numerator=m.numerator,
        denominator=m.denominator,
        formula=m.formula,
        inclusions=m.inclusions,
        exclusions=m.exclusions,
        sources=tuple(at.label(s) for s in (*m.sources, *m.optional_sources)),
        owner=m.owner,
        frequency=m.frequency,
        time_basis=m.time_basis,
        interval_method=m.interval_method,
        limitations=(*((m.open_data_note,) if proxy and m.open_data_note else ()), *m.limitations),
        known_biases=m.known_biases,
        incentives=m.perverse_incentives,
        first_published=m.first_published.isoformat() if m.first_published else "",
        method_version=m.method_version,
        disclosure=m.disclosure_regime,
        maturity=m.maturity,
        chart_from=f"{register.baseline_financial_year[:4]}-04",
        areas=_areas(register, m.id),
        areas_source=register.boundaries_attribution if m.id == "SP01" else "",
        commentary=tuple(
            view.CommentaryView(c.kind, c.text, c.by, c.written, c.as_at)
            for c in register.commentary
            if c.measure == m.id
        ),
        priority_areas=frozenset(member.neighbourhood_code for member in register.priority_set)
        if m.id == "SP01"
        else frozenset(),
        checks=tuple(_check(at, c) for c in checks if c["table"] in tables),
        versions=tuple(versions[t] for t in tables if t in versions),
        files=tuple(
            view.FileView(r.source, _covers(r) or r.slot, r.sha256, _rows(at, r))
            for r, counts in at.deliveries
            if counts and f"raw_{r.source}" in tables
        ),
        waivers=tuple(
            view.WaiverView(
                w.check.partition("/")[0], w.check.partition("/")[2], w.reason, w.requested_by, w.approved_by, w.expires
            )
            for w in d.waived
        ),
        commentary_wanted=d.commentary_wanted,
        revisions=d.revisions,
        explained=explained_page(d.measure.id) if d.state in SHOWN else "",
    )


def _areas(register: Register, measure: str) -> tuple[view.AreaView, ...]:
    """Outlines of single neighbourhoods: of the one measure that has a figure for each."""
    return tuple(view.AreaView(b.code, b.rings) for b in register.boundaries) if measure == "SP01" else ()


def _source_of(table: str) -> str:
    """The source that a table is made from alone; empty for a measure's own table."""
    if table in SOURCES:
        return SOURCES[table]
    return "" if table.startswith("outcome_") else SOURCES.get(NEEDS[table][0], "")


def _check(at: _At, said: Mapping[str, Any]) -> view.CheckView:
    rule = at.rules.get((said["table"], said["rule"]))
    return view.CheckView(
        table=said["table"],
        rule=said["rule"],
        severity=said["severity"],
        verdict=said["verdict"] if said["verdict"] != "unfinished" else "missing",
        counts=figures_text(said["figures"]) if said["table"] in at.opened else _NOT_SHOWN,
        reason=rule.reason if rule else "",
        dimension=rule.dimension if rule else "",
        source=at.label(source) if (source := _source_of(said["table"])) in at.pipeline.register.sources else "",
    )


def _rejects(at: _At, rejects: Mapping[str, Mapping[str, int | None]]) -> tuple[view.RejectView, ...]:
    return tuple(
        view.RejectView(at.label(source), reason, count)
        for source, found in sorted(rejects.items())
        for reason, count in sorted(found.items())
    )


def _delivery(at: _At, name: str) -> view.DeliveryView:
    source = at.pipeline.register.sources[name]
    held = [r for r, counts in at.deliveries if r.source == name and counts]
    starts, ends = sorted(_first(r) for r in held), sorted(_last(r) for r in held)
    rows = [_rows(at, r) for r in held]
    late = at.known.late.get(name, "")
    state = (
        "late" if held and late else "received" if held else "never delivered" if source.expected else "not expected"
    )
    return view.DeliveryView(
        source=source.label,
        owner=source.owner,
        state=state,  # type: ignore[arg-type]
        covers=f"{starts[0]} to {ends[-1]}" if held and ends[-1] else "",
        files=len(held),
        rows=None if None in rows else sum(row for row in rows if row is not None),
        note=late,
        known_faults=source.known_faults,
    )


def _first(receipt: Receipt) -> str:
    return receipt.month or (receipt.coverage[0] if receipt.coverage else "")


def _last(receipt: Receipt) -> str:
    return receipt.month or (receipt.coverage[1] if receipt.coverage else "")


def _covers(receipt: Receipt) -> str:
    """Days that a partner's delivery covers; empty for a file that its slot tells enough of."""
    return f"{_first(receipt)} to {_last(receipt)}" if receipt.source in PARTNERS and receipt.coverage else ""


def _rows(at: _At, receipt: Receipt) -> int | None:
    """Rows of a delivery; None where that would be a count of people."""
    return receipt.rows if at.exact or receipt.source not in PARTNERS else None


def _rows_of(held: TableEvidence) -> int:
    return int(next((c.figures["rows"] for c in held.checks.values() if "rows" in c.figures), 0))
