"""Commands of whoever runs a deployment: exit codes and words; old runs go, and never with evidence in them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner, Result

from pipelines.cli import app
from pipelines.commands.answer import FAILED, HELD
from pipelines.prune import Pruned, evidence_runs, prune
from pipelines.refresh import look
from tests.database import environment_of
from tests.e2e.city import City, open_city
from tests.paths import ROOT

HUSH = "hush-hush"


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> City:
    made = City(tmp_path_factory.mktemp("deployed") / "data")
    shutil.copytree(open_city(tmp_path_factory).data, made.data, symlinks=True)
    return made


@pytest.fixture(autouse=True)
def environment() -> Iterator[None]:
    """Commands set what Dagster reads; nothing of it stays."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


def run(*arguments: str, **settings: str) -> Result:
    given = environment_of(Path(arguments[arguments.index("--data") + 1])) if "--data" in arguments else {}
    given |= {f"SAFER_{name.upper()}": value for name, value in settings.items()}
    return CliRunner().invoke(app, list(arguments), env=given)


def test_a_well_folder_is_healthy_and_each_part_that_is_not_is_named(city: City, tmp_path: Path) -> None:
    data = ["--data", str(city.data)]
    well = run("health", *data)
    assert well.exit_code == 0, well.output
    lines = (
        "data folder: writable",
        "landing: there",
        "warehouse: answers",
        "Dagster's records: answer",
        "current release: 2014",
    )
    assert [line for line in lines if line not in well.output] == []
    assert "error: daemon: has not reported" in run("health", *data, "--daemon").stderr
    address = f"postgresql://safer:{HUSH}@127.0.0.1:9/safer"
    ill = run("health", *data, warehouse_url=address, landing=str(tmp_path / "none"), dagster_url="mysql://x/y")
    assert ill.exit_code == 1
    for line in (
        "landing: is missing",
        "warehouse: the warehouse cannot be opened",
        "records: SAFER_DAGSTER_URL is not",
    ):
        assert line in ill.stderr
    assert HUSH not in ill.output and "Traceback" not in ill.output


def test_backup_rehearsal_and_restore_by_command(city: City, tmp_path: Path) -> None:
    done = run("backup", "--to", str(tmp_path / "to"), "--rehearse", "--data", str(city.data))
    assert done.exit_code == 0, done.output
    (made,) = (tmp_path / "to").iterdir()
    current = (city.data / "releases" / "current").readlink().name
    assert (
        "SAFER_PSEUDONYM_KEY is not in it" in done.output
        and f"Rehearsed: restored aside, release {current}" in done.output
    )
    back = run("restore", "--from", str(made), "--data", str(tmp_path / "new"))
    assert back.exit_code == 0 and f"release {current} is proven" in back.output
    assert City(tmp_path / "new").release_files() == city.release_files()
    assert run("verify", "--data", str(tmp_path / "new")).exit_code == 0
    for refused, why in (
        (run("restore", "--from", str(made), "--data", str(tmp_path / "new")), "not empty"),
        (run("restore", "--from", str(tmp_path), "--data", str(tmp_path / "n")), "is no backup"),
        (run("backup", "--to", str(tmp_path / "to"), "--data", str(tmp_path / "none")), "is no data folder"),
    ):
        assert refused.exit_code == 1 and why in refused.stderr and refused.stderr.count("\n") == 1


def test_old_runs_go_and_never_with_evidence_in_them(city: City, tmp_path: Path) -> None:
    own = City(tmp_path / "data", landing=city.data / "landing")
    shutil.copytree(city.data, own.data, symlinks=True, ignore=shutil.ignore_patterns("landing"))
    thing = dg.asset(name="thing")(lambda: None)
    workspace, later = own.open(), datetime.now(UTC) + timedelta(days=400)
    required = workspace.pipeline.required
    with own.instance() as instance:
        (refreshed,) = (record.run_id for record in instance.get_runs())
        _, second = (dg.materialize([thing], instance=instance).run_id for _ in range(2))
        assert prune(instance, required, timedelta(days=180), datetime.now(UTC)) == Pruned(0, 0)
        assert prune(instance, required, timedelta(days=180), later) == Pruned(1, 2)
        assert {record.run_id for record in instance.get_runs()} == {refreshed, second}
        assert look(workspace, instance).empty
        assert evidence_runs(instance, required) == {refreshed, second}
        table = dg.AssetKey("clean_population")
        assert instance.fetch_materializations(table, limit=1).records
        # What it must not do: with the run its records go.
        instance.delete_run(refreshed)
        assert not instance.fetch_materializations(table, limit=1).records
    workspace.warehouse.close()
    done = run("prune", "--older-than", "30", "--data", str(own.data))
    assert done.exit_code == 0 and done.output.startswith("0 runs older than 30 days deleted")


@pytest.mark.postgres
def test_grants_by_command_and_as_statements_for_the_owner(server: str) -> None:
    with sa.create_engine(server, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE safer_command")
        connection.exec_driver_sql("CREATE ROLE nobody_much LOGIN")
    url = sa.make_url(server).set(database="safer_command", password=HUSH)
    address = url.render_as_string(hide_password=False)
    poor = url.set(username="nobody_much").render_as_string(hide_password=False)
    refused = run("grants", warehouse_url=poor)
    assert refused.exit_code == 1 and "as the database's owner" in refused.stderr
    told = run("grants", "--sql", warehouse_url=poor)
    assert told.exit_code == 0 and "CREATE SCHEMA" in told.output
    done = run("grants", warehouse_url=poor, admin_url=address)
    assert done.exit_code == 0 and "safer_command_analyst" in done.output
    assert HUSH not in refused.output + told.output + done.output
    with sa.create_engine(address, poolclass=sa.NullPool).begin() as connection:
        for statement in told.output.split(";\n")[:-1]:
            connection.exec_driver_sql(statement)
    other = run("grants", warehouse_url="sqlite:///x")
    assert other.exit_code == 1 and "grants are for PostgreSQL" in other.stderr
    with sa.create_engine(server, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql("DROP DATABASE safer_command WITH (FORCE)")
        for name in ("nobody_much", *(f"safer_command_{word}" for word in ("pipeline", "analyst", "board"))):
            connection.exec_driver_sql(f"DROP ROLE {name}")


def test_the_documents_know_every_command_and_exit_code() -> None:
    commands = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    readme, runbook = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "docs/runbook.md"))
    assert {name for name in commands if f"`safer-outcomes {name}" not in readme} == set()
    told = {line.split("|")[1].strip() for line in runbook.splitlines() if line.startswith("| ")}
    assert {"0", str(FAILED), "2", str(HELD)} <= told
