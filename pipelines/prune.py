"""Removing old runs from Dagster's records, and never one that holds evidence the gate reads.

The gate reads the latest materialization of each table and the latest evaluation of each required check
(`assets/release/evidence.py`), which may lie in a run of long ago: nothing is made or checked again that has not changed. Such a
run stays, whatever its age. Here: choosing and deleting. Not here: how long ticks are kept (`dagster.yaml`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import dagster as dg
from dagster._core.storage.dagster_run import FINISHED_STATUSES


@dataclass(frozen=True)
class Pruned:
    """What was removed: runs deleted, and old runs that stay because evidence lies in them."""

    deleted: int
    kept: int


def prune(
    instance: dg.DagsterInstance, required: Mapping[str, Iterable[str]], older_than: timedelta, now: datetime
) -> Pruned:
    """Delete finished runs older than this that hold no evidence.

    Args:
        instance: Dagster's records.
        required: names of the required checks by table.
        older_than: age, from the time that a run was created.
        now: the time, with its zone.
    """
    wanted = evidence_runs(instance, required)
    old = instance.get_run_records(
        filters=dg.RunsFilter(statuses=list(FINISHED_STATUSES), created_before=now - older_than)
    )
    runs = [record.dagster_run.run_id for record in old]
    for run in runs:
        if run not in wanted:
            instance.delete_run(run)
    kept = len(wanted & set(runs))
    return Pruned(len(runs) - kept, kept)


def evidence_runs(instance: dg.DagsterInstance, required: Mapping[str, Iterable[str]]) -> set[str]:
    """Runs in which the latest materialization of an asset, or the latest evaluation of a required check, was recorded."""
    found = {
        record.asset_entry.last_materialization_record.event_log_entry.run_id
        for record in instance.get_asset_records()
        if record.asset_entry.last_materialization_record
    }
    keys = [dg.AssetCheckKey(dg.AssetKey(table), rule) for table, rules in required.items() for rule in rules]
    latest = instance.event_log_storage.get_latest_asset_check_execution_by_key(keys)
    return found | {record.run_id for record in latest.values()}
