"""Reading the evidence: what Dagster recorded of each table and check, and what the warehouse holds now.

Here: turning records into the plain values of `gate.py`. Not here: any decision.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

import dagster as dg
from dagster._check import CheckError
from dagster._core.definitions.data_version import (
    extract_data_provenance_from_entry,
    extract_data_version_from_entry,
)
from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecord

from assets.release.gate import CheckEvidence, TableEvidence
from expectations.contracts.model import Table
from resources.warehouse import Snapshot


def read_evidence(
    instance: dg.DagsterInstance,
    snapshot: Snapshot,
    tables: Iterable[Table],
    required: Mapping[str, Iterable[str]],
    *,
    recompute: bool = True,
) -> dict[str, TableEvidence]:
    """Everything the gate needs to know of these tables.

    Args:
        instance: where Dagster recorded materializations and evaluations.
        snapshot: the warehouse in one read transaction.
        tables: contracts of the tables.
        required: names of the required checks by table.
        recompute: hash the rows as they are now; without it the stored hash is taken (the planner, which gates nothing).
    """
    wanted = list(tables)
    stored = snapshot.stored()
    keys = {table.name: dg.AssetKey(table.name) for table in wanted}
    records = {r.asset_entry.asset_key: r for r in instance.get_asset_records(list(keys.values()))}
    checks = _checks(instance, {name: required.get(name, ()) for name in keys})
    found = {}
    for table in wanted:
        content = stored.get(table.name)
        record = records.get(keys[table.name])
        entry = record.asset_entry.last_materialization if record else None
        version = extract_data_version_from_entry(entry) if entry else None
        provenance = extract_data_provenance_from_entry(entry) if entry else None
        found[table.name] = TableEvidence(
            hash_read=(snapshot.hash(table) if recompute else content.content_hash if content else None),
            hash_stored=content.content_hash if content else None,
            data_version=version.value if version else None,
            storage_id=record.asset_entry.last_materialization_storage_id if record else None,
            inputs=content.inputs if content else {},
            input_versions={k.to_user_string(): v.value for k, v in provenance.input_data_versions.items()}
            if provenance
            else {},
            code_version=content.code_version if content else "",
            partnership=content.partnership if content else "",
            checks=checks[table.name],
        )
    return found


def _checks(instance: dg.DagsterInstance, wanted: Mapping[str, Iterable[str]]) -> dict[str, dict[str, CheckEvidence]]:
    keys = {
        dg.AssetCheckKey(dg.AssetKey(table), rule): (table, rule) for table, rules in wanted.items() for rule in rules
    }
    latest = instance.event_log_storage.get_latest_asset_check_execution_by_key(list(keys))
    found: dict[str, dict[str, CheckEvidence]] = {table: {} for table in wanted}
    # The storage may give more than was asked for: a check of that name that another table no longer has.
    for key in keys.keys() & latest.keys():
        table, rule = keys[key]
        found[table][rule] = _check(latest[key])
    return found


def _check(record: AssetCheckExecutionRecord) -> CheckEvidence:
    """One evaluation; whatever cannot be read as a finished one counts as never finished."""
    try:
        event = record.event
        dagster_event = event.dagster_event if event else None
        evaluation = dagster_event.asset_check_evaluation_data if dagster_event else None
        if evaluation is None:
            return CheckEvidence(finished=False)
        target = evaluation.target_materialization_data
        note = {name: value.value for name, value in evaluation.metadata.items()}
        return CheckEvidence(
            finished=True,
            verdict=str(note.get("verdict", "")) if evaluation.passed or note.get("verdict") != "passed" else "failed",
            content_hash=str(note.get("content_hash", "")),
            suite_version=str(note.get("suite_version", "")),
            partnership=str(note.get("partnership", "")),
            reads=json.loads(str(note.get("reads", "{}"))),
            storage_id=target.storage_id if target else None,
            figures=json.loads(str(note.get("figures", "{}"))),
        )
    except (CheckError, DagsterInvariantViolationError, ValueError, AttributeError):
        # A planned evaluation that never came back has no evaluation data to read.
        return CheckEvidence(finished=False)
