"""Dagster's event log kept open: what it holds is what Dagster's own storage reads, through forks, wipes and lost files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage

from resources.dagster_storage import OpenEventLog, OpenSqliteStorage


@dg.asset
def thing() -> None:
    """Something to record."""


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    path = {"base_dir": str(tmp_path)}
    storage = {"module": "resources.dagster_storage", "class": "OpenSqliteStorage", "config": path}
    with dg.instance_for_test(overrides={"storage": {"custom": storage}}, temp_dir=str(tmp_path)) as found:
        assert isinstance(found.event_log_storage, OpenEventLog)
        yield found


def count(instance: dg.DagsterInstance) -> int:
    return len(instance.fetch_materializations(thing.key, limit=100).records)


def test_dagster_itself_reads_the_same_events(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    runs = [dg.materialize([thing], instance=instance).run_id for _ in range(6)]  # more than stay open
    other = DagsterSqliteStorage(str(tmp_path)).event_log_storage
    for run in runs:
        here, there = (log.get_logs_for_run(run) for log in (instance.event_log_storage, other))
        assert here == there
        assert any(e.dagster_event and e.dagster_event.is_job_success for e in here)
    assert count(instance) == 6


def test_a_fork_opens_files_of_its_own(instance: dg.DagsterInstance) -> None:
    dg.materialize([thing], instance=instance)
    log = instance.event_log_storage
    assert isinstance(log, OpenEventLog)
    mine = set(map(id, log._engines.values()))
    child = os.fork()
    if child == 0:
        same = mine & set(map(id, log._engines.values())) if log._engine("index") else mine
        os._exit(bool(same))
    assert os.waitpid(child, 0)[1] == 0
    assert count(instance) == 1


def test_wiped_or_deleted_runs_leave_a_storage_that_works(instance: dg.DagsterInstance) -> None:
    gone = dg.materialize([thing], instance=instance).run_id
    instance.delete_run(gone)
    assert count(instance) == 0
    dg.materialize([thing], instance=instance)
    assert count(instance) == 1
    instance.event_log_storage.wipe()
    assert count(instance) == 0
    dg.materialize([thing], instance=instance)
    assert count(instance) == 1


def test_the_configuration_of_the_project_names_it(tmp_path: Path) -> None:
    storage = OpenSqliteStorage.from_config_value(None, {"base_dir": str(tmp_path)})  # type: ignore[arg-type]
    assert isinstance(storage.event_log_storage, OpenEventLog)
    storage.event_log_storage.dispose()
