"""Checks as Dagster sees them: one multi-check per table, one result per rule of its suite.

Here: reading what is in the warehouse, running the suite on it, recording the verdicts with the hash of what was checked.
Not here: any rule (`expectations/suites`), the decision that follows (`assets/release/gate.py`).
"""

import json
from collections.abc import Iterator

import dagster as dg

from assets import alerts
from assets.setup import Pipeline
from assets.steps import read
from expectations.contracts import TABLES
from expectations.suites import Suite, Verdict
from resources.notifier import Notifier
from resources.warehouse import Warehouse

_SEVERITY = {"ERROR": dg.AssetCheckSeverity.ERROR, "WARN": dg.AssetCheckSeverity.WARN}


def table_checks(suite: Suite) -> dg.AssetChecksDefinition:
    """The checks of one table."""
    specs = [
        dg.AssetCheckSpec(
            rule.name,
            asset=suite.table,
            additional_deps=[dg.AssetKey(name) for name in suite.reads],
            description=f"{rule.reason[0].upper()}{rule.reason[1:]}. ({rule.dimension}, {rule.severity})",
        )
        for rule in suite.rules
    ]

    @dg.multi_asset_check(name=f"check_{suite.table}", specs=specs)
    def check(
        pipeline: dg.ResourceParam[Pipeline],
        warehouse: dg.ResourceParam[Warehouse],
        notifier: dg.ResourceParam[Notifier],
    ) -> Iterator[dg.AssetCheckResult]:
        yield from run_checks(suite.table, pipeline, warehouse, notifier)

    return check


def run_checks(
    table: str, pipeline: Pipeline, warehouse: Warehouse, notifier: Notifier
) -> Iterator[dg.AssetCheckResult]:
    """Evaluate the suite of a table on what the warehouse holds now, and tell the owner of required checks that failed."""
    from expectations.gx import run_suite

    suite = pipeline.suites[table]
    frames, hashes = read(warehouse, table, *suite.reads)
    verdicts = run_suite(
        suite, {name: frame[TABLES[name].column_names] for name, frame in frames.items()}, pipeline.facts()
    )
    source = pipeline.source_of(table)
    notifier.tell(
        [
            alerts.check_failed(
                table,
                verdict,
                source=source,
                owner=pipeline.owner(source),
                content_hash=hashes[table],
                measures=pipeline.measures_of(table),
            )
            for verdict in verdicts
            if pipeline.required[table].get(verdict.rule.name) == "ERROR" and verdict.outcome in ("failed", "crashed")
        ]
    )
    for verdict in verdicts:
        yield _result(table, verdict, pipeline, hashes)


def _result(table: str, verdict: Verdict, pipeline: Pipeline, hashes: dict[str, str]) -> dg.AssetCheckResult:
    severity = pipeline.required[table].get(verdict.rule.name, verdict.rule.severity)
    not_applicable = verdict.outcome == "not applicable"
    return dg.AssetCheckResult(
        asset_key=table,
        check_name=verdict.rule.name,
        # What cannot apply is recorded as such, never as passed; as a warning, since nothing is wrong.
        passed=verdict.passed,
        severity=dg.AssetCheckSeverity.WARN if not_applicable else _SEVERITY[severity],
        metadata={
            "verdict": verdict.outcome,
            "found": alerts.figures_text(verdict.figures),
            "content_hash": hashes[table],
            "suite_version": pipeline.suite_versions[table],
            "partnership": pipeline.register.slug,
            "reads": json.dumps({name: value for name, value in hashes.items() if name != table}, sort_keys=True),
            "figures": json.dumps(dict(verdict.figures), sort_keys=True),
        },
    )
