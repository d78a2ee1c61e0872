"""`release.json`: everything a release says and is made from, as plain content: no run, no wall time, no path. Pure.

The folder is public, so the evidence in it is too. Of tables that hold single people, or counts of them before rounding, it
says verdicts only: a row count or the share of a check would be an exact count of people. The hash of such a table is sealed
with the partnership's key, because whoever guesses the few counts behind a bare hash could prove the guess; the bare hashes
stand in `evidence/`, outside the folder.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Any

from assets.raw.registration import current
from assets.release.compose import SHOWN, Decided, Known
from assets.release.gate import CheckEvidence, lineage
from assets.release.regime_b import HIDDEN, rounded
from assets.setup import SOURCES, Pipeline, delivered_sources, sources_of
from expectations.contracts import PARTNERS, TABLES
from resources.archive import Receipt

#: Tables of sources that hold single people.
PERSONAL = frozenset(t.name for source in PARTNERS.values() for t in (source.raw, *source.made_together))
_NOT_PERSONAL = frozenset(TABLES) - PERSONAL


def manifest(
    pipeline: Pipeline,
    known: Known,
    decided: Sequence[Decided],
    *,
    parent: str | None,
    months: Mapping[str, Sequence[str]],
    figures_sha256: str,
    parent_sha256: str | None = None,
    content_sha256: str = "",
) -> dict[str, Any]:
    """What `release.json` says, but its id, the hashes of its files, and what `told_apart` adds.

    Args:
        pipeline: code and register.
        known: what was decided on.
        decided: the measures.
        parent: id of the release before.
        months: months held, by force and source.
        figures_sha256: hash of `outcomes.csv`.
        parent_sha256: hash of the manifest of the release before, so that each release vouches for all before it.
        content_sha256: hash of the figures without marks of revision, which depend on what they are compared with.
    """
    register = pipeline.register
    upstream = pipeline.wanted(delivered_sources(known.receipts)).upstream
    opened = open_tables(decided)
    told = told_sources(decided, upstream)
    outcomes = {d.measure.outcome_table for d in decided if d.state in SHOWN}
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
        "parent_sha256": parent_sha256,
        "as_at": max((d.as_at for d in decided), default=""),
        "as_of": known.as_of.isoformat(),
        "code_version": pipeline.code_version,
        "register_sha256": register.content_hash,
        "figures_sha256": figures_sha256,
        "content_sha256": content_sha256,
        # Analysts are shown exact figures for the same release: when those change, so does its id.
        "analysis_sealed": seal(pipeline, json.dumps(evidence_in_full(pipeline, known), sort_keys=True)),
        "months": {name: list(held) for name, held in sorted(months.items())},
        "deliveries": [_delivery(receipt, counts) for receipt, counts in deliveries(known.receipts)],
        "rejects": {
            source: {reason: public_count(count) for reason, count in sorted(found.items())}
            for source, found in sorted(known.rejects.items())
            if source in told
        },
        "tables": {
            name: {
                **_hash(pipeline, name, held.hash_read, opened),
                "inputs": {n: _hash(pipeline, n, h, opened)["sha256"] for n, h in sorted(held.inputs.items())},
            }
            for name, held in sorted(known.evidence.items())
            if held.hash_read
        },
        "checks": [
            {**check, "figures": check["figures"] if check["table"] in opened else {}}
            for check in evidence_in_full(pipeline, known)
            if sources_of(check["table"]) <= told
            and (not check["table"].startswith("outcome_") or check["table"] in outcomes)
        ],
        "measures": {d.measure.id: _measure(d, upstream) for d in decided},
    }


def told_apart(decided: Sequence[Decided], compared_with: str | None, revisions: int) -> dict[str, Any]:
    """What a manifest says of the release that it is compared with: which, how many numbers differ, what is demanded."""
    return {
        "compared_with": compared_with,
        "revisions": revisions,
        "commentary_wanted": {d.measure.id: list(d.commentary_wanted) for d in decided if d.commentary_wanted},
    }


def _measure(d: Decided, upstream: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    return {
        "name": d.measure.name,
        "state": d.state,
        "reasons": list(d.reasons),
        "held_from": d.held_from,
        "as_at": d.as_at,
        "board_status": d.decision.board_status,
        "assessment_mode": d.decision.assessment_mode,
        "decision_date": d.decision.date.isoformat(),
        "minute_reference": d.decision.minute_reference,
        "decision": d.decision.verbatim,
        "method_version": d.measure.method_version,
        "out_turns": dict(sorted(d.final.items())),
        "tables": lineage(d.measure.outcome_table, upstream) if d.state in SHOWN else [],
        "waivers": [
            {"check": w.check, "requested_by": w.requested_by, "approved_by": w.approved_by}
            | {"reason": w.reason, "expires": w.expires.isoformat()}
            for w in d.waived
        ],
    }


# ---- what of the evidence may be public


def open_tables(decided: Sequence[Decided]) -> frozenset[str]:
    """Tables whose counts and hash may be public as they are: of no single people, and no outcome that is rounded or hidden.

    The figures of a check on an outcome with hidden counts can be made from them (the largest move of a neighbourhood), and
    its hash would prove a guess at them.
    """
    exact = {
        d.measure.outcome_table
        for d in decided
        if d.state in SHOWN
        and d.measure.disclosure_regime == "A"
        and not d.figures["symbols"].str.contains(HIDDEN, regex=False).any()
    }
    others = {d.measure.outcome_table for d in decided} - exact
    return _NOT_PERSONAL - others


def told_sources(decided: Sequence[Decided], upstream: Mapping[str, tuple[str, ...]]) -> set[str]:
    """Sources behind the measures that show something; of all others a release says no more than what was delivered."""
    tables = {t for d in decided if d.state in SHOWN for t in lineage(d.measure.outcome_table, upstream)}
    return {SOURCES[name] for name in tables if name in SOURCES}


def public_count(count: int) -> int | None:
    """A count of people's rows as it may be public; None where it is hidden."""
    shown = rounded(float(count))
    return None if shown != shown else int(shown)


def evidence_in_full(pipeline: Pipeline, known: Known) -> list[dict[str, Any]]:
    """Every required check of the sources that were ever delivered, with its figures."""
    delivered = delivered_sources(known.receipts)
    return [
        {
            "table": name,
            "rule": rule,
            "severity": severity,
            "verdict": _verdict(held.checks.get(rule)),
            "suite_version": pipeline.suite_versions.get(name, ""),
            "figures": dict(sorted(_figures(held.checks.get(rule)).items())),
        }
        for name, held in sorted(known.evidence.items())
        if sources_of(name) <= delivered
        for rule, severity in sorted(pipeline.required.get(name, {}).items())
    ]


def deliveries(receipts: Sequence[Receipt]) -> list[tuple[Receipt, bool]]:
    """Every version of every slot, with whether it is one that counts; the same for any form or name of the file."""
    counting = {(r.source, slot): r.sha256 for s in SOURCES.values() for slot, r in current(_of(receipts, s)).items()}
    once = {(r.source, r.slot, r.sha256): r for r in receipts}
    return [(r, counting.get((r.source, r.slot)) == r.sha256) for _, r in sorted(once.items())]


def _of(receipts: Sequence[Receipt], source: str) -> list[Receipt]:
    return [receipt for receipt in receipts if receipt.source == source]


def _delivery(receipt: Receipt, counts: bool) -> dict[str, Any]:
    """One delivery; size and rows of a source of single people would be a count of them."""
    said: dict[str, Any] = {
        "source": receipt.source,
        "slot": receipt.slot,
        "sha256": receipt.sha256,
        "size": receipt.size,
        "rows": receipt.rows,
        "counts": counts,
    }
    if receipt.source in PARTNERS:
        said |= {"size": None, "rows": None, "coverage": list(receipt.coverage or ())}
    return said


def _hash(pipeline: Pipeline, name: str, content_hash: str | None, opened: frozenset[str]) -> dict[str, Any]:
    if name in opened:
        return {"sha256": content_hash}
    return {"sha256": seal(pipeline, f"{name}:{content_hash}"), "sealed": True}


def seal(pipeline: Pipeline, said: str) -> str:
    """A text sealed with the partnership's key: the same while text and key are, and no guess can be proven by it."""
    return hmac.new(pipeline.key, f"safer-outcomes/sealed/1/{said}".encode(), hashlib.sha256).hexdigest()


def _verdict(check: CheckEvidence | None) -> str:
    return "missing" if check is None else check.verdict if check.finished else "unfinished"


def _figures(check: CheckEvidence | None) -> Mapping[str, float]:
    return check.figures if check and check.finished else {}
