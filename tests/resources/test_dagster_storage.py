"""Where Dagster keeps its records: PostgreSQL by URL; and its event log in SQLite kept open: what it holds is what Dagster's own storage reads, through forks, wipes and lost files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa
import yaml
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster_postgres.event_log import PostgresEventLogStorage

from resources.dagster_storage import URL, ChosenStorage, OpenEventLog, OpenSqliteStorage, StorageError, postgres_url
from tests.paths import ROOT


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


def test_open_files_are_migrated_like_dagsters_own(instance: dg.DagsterInstance) -> None:
    dg.materialize([thing], instance=instance)
    instance.upgrade(lambda _line: None)
    assert count(instance) == 1
    dg.materialize([thing], instance=instance)
    assert count(instance) == 2


def test_the_configuration_of_the_project_names_it(tmp_path: Path) -> None:
    named = yaml.safe_load((ROOT / "dagster.yaml").read_text())["storage"]["custom"]
    assert (named["module"], named["class"]) == (ChosenStorage.__module__, ChosenStorage.__name__)
    storage = ChosenStorage.from_config_value(None, {"base_dir": str(tmp_path)})  # type: ignore[arg-type]
    assert isinstance(storage, OpenSqliteStorage) and isinstance(storage.event_log_storage, OpenEventLog)
    storage.event_log_storage.dispose()


@pytest.mark.postgres
def test_one_configuration_serves_postgresql_by_url_and_shows_no_address(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sa.create_engine(server, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE dagster_records")
    address = sa.make_url(server).set(database="dagster_records", password="hush-hush")
    monkeypatch.setenv(URL, address.render_as_string(hide_password=False))
    monkeypatch.setenv("SAFER_DAGSTER_DIR", str(tmp_path))
    monkeypatch.setenv("DAGSTER_HOME", str(ROOT))
    told: list[str] = []
    with dg.DagsterInstance.get() as first:
        assert isinstance(first.event_log_storage, PostgresEventLogStorage)
        assert dg.materialize([thing], instance=first).success
        shown = first.info_str() + repr(first.get_ref()) + first.get_ref().to_dict().__repr__()
        assert "hush-hush" not in shown and "ChosenStorage" in shown
        # What another process (a code server, a run) is handed leads to the same records, by its own environment.
        with dg.DagsterInstance.from_ref(first.get_ref()) as second:
            assert count(second) == 1
            assert isinstance(second.event_log_storage, PostgresEventLogStorage)
            second.upgrade(told.append)  # `dagster instance migrate`, as the runbook has it after an upgrade
            assert count(second) == 1
        assert any("Updating event storage" in line for line in told) and "hush" not in "".join(told)
    assert not list(tmp_path.rglob("*.db"))


@pytest.mark.parametrize(
    "given",
    [
        "sqlite:///x",
        "nothing of the kind",
        "postgresql://a:hush@host",  # pragma: allowlist secret
        "mysql://a:hush@h/b",  # pragma: allowlist secret
    ],
)
def test_an_address_of_another_kind_is_refused_without_being_told(given: str) -> None:
    with pytest.raises(StorageError, match="is not a PostgreSQL address") as told:
        postgres_url(given)
    assert given not in str(told.value) and "hush" not in str(told.value)


@pytest.mark.parametrize("prefix", ["postgresql", "postgres", "postgresql+psycopg", "postgresql+psycopg2"])
def test_any_form_of_the_address_gets_the_driver_that_dagster_needs(prefix: str) -> None:
    given = f"{prefix}://a:b%40c@host:5/base"  # pragma: allowlist secret
    assert postgres_url(given) == "postgresql+psycopg2://a:b%40c@host:5/base"  # pragma: allowlist secret


def test_a_server_that_does_not_answer_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(URL, "postgresql://safer:hush-hush@127.0.0.1:9/safer")  # pragma: allowlist secret
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    with pytest.raises(StorageError, match="cannot be used: check that the server is up") as told:
        ChosenStorage.from_config_value(None, {"base_dir": str(tmp_path)})  # type: ignore[arg-type]
    assert "hush" not in str(told.value)
