"""Checks as Dagster sees them: one multi-check per step, one result per rule of the suites of its tables.

Here: reading what is in the warehouse, running the suite on it, recording the verdicts with the hash of what was checked.
Not here: any rule (`expectations/suites`), the decision that follows (`assets/release/gate.py`).
"""

import json
from collections.abc import Iterator, Sequence

import dagster as dg

from assets import alerts
from assets.setup import Pipeline
from assets.steps import read
from expectations.contracts import TABLES
from expectations.suites import Suite, Verdict
from resources.notifier import Notifier
from resources.warehouse import Warehouse

_SEVERITY = {"ERROR": dg.AssetCheckSeverity.ERROR, "WARN": dg.AssetCheckSeverity.WARN}


def step_checks(suites: Sequence[Suite]) -> dg.AssetChecksDefinition:
    """The checks of the tables that one step makes: one Dagster step for all, of which any part can be selected."""
    specs = [
        dg.AssetCheckSpec(
            rule.name,
            asset=suite.table,
            additional_deps=[dg.AssetKey(name) for name in (*suite.reads, *suite.reads_if_there)],
            description=f"{rule.reason[0].upper()}{rule.reason[1:]}. ({rule.dimension}, {rule.severity})",
        )
        for suite in suites
        for rule in suite.rules
    ]

    @dg.multi_asset_check(name=f"check_{suites[0].table}", specs=specs, can_subset=True)
    def check(
        context: dg.AssetCheckExecutionContext,
        pipeline: dg.ResourceParam[Pipeline],
        warehouse: dg.ResourceParam[Warehouse],
        notifier: dg.ResourceParam[Notifier],
    ) -> Iterator[dg.AssetCheckResult]:
        asked = {(key.asset_key.to_user_string(), key.name) for key in context.selected_asset_check_keys}
        for suite in suites:
            if any(table == suite.table for table, _ in asked):
                for result in run_checks(suite.table, pipeline, warehouse, notifier):
                    if (suite.table, result.check_name) in asked:
                        yield result

    return check


def run_checks(
    table: str, pipeline: Pipeline, warehouse: Warehouse, notifier: Notifier
) -> Iterator[dg.AssetCheckResult]:
    """Evaluate the suite of a table on what the warehouse holds now, and tell the owner of required checks that fail or pass again."""
    from expectations.gx import run_suite

    suite = pipeline.suites[table]
    with warehouse.snapshot() as snapshot:
        there = snapshot.stored()
    frames, hashes = read(warehouse, table, *suite.reads, *(name for name in suite.reads_if_there if name in there))
    verdicts = run_suite(
        suite, {name: frame[TABLES[name].column_names] for name, frame in frames.items()}, pipeline.facts()
    )
    notifier.tell(alerts.of_checks(pipeline, table, verdicts, hashes[table], len(frames[table])))
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
