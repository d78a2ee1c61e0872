"""Definitions as data: every table has contract, lineage, suite, owner and checks; the graph only flows to the right."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from assets.setup import UPSTREAM, sources_of
from expectations.contracts import TABLES
from expectations.required import SNAPSHOT, required_checks, snapshot_text
from pipelines.definitions import build_definitions
from tests.database import environment_of
from tests.e2e.city import OPEN, City
from tests.paths import ROOT

LAYERS = {"raw": 0, "clean": 1, "outcome": 2, "release": 3}


@pytest.fixture(scope="module")
def defs(tmp_path_factory: pytest.TempPathFactory) -> dg.Definitions:
    return build_definitions(City(tmp_path_factory.mktemp("defs") / "data").open())


def test_every_table_is_an_asset_with_owner_group_and_version(defs: dg.Definitions) -> None:
    specs = {spec.key.to_user_string(): spec for spec in defs.resolve_all_asset_specs()}
    assert set(specs) == {*TABLES, "release"}
    for name, table in TABLES.items():
        spec = specs[name]
        assert spec.owners
        assert spec.code_version
        assert spec.group_name in ("raw", "clean", "outcomes")
        assert table.meaning in (spec.description or "")
        assert {dep.asset_key.to_user_string() for dep in spec.deps} == set(UPSTREAM[name])


def test_graph_flows_to_the_right_and_skips_no_stage() -> None:
    for name, parents in UPSTREAM.items():
        layer = LAYERS[name.partition("_")[0]]
        for parent in parents:
            assert LAYERS[parent.partition("_")[0]] <= layer
            assert not (name.startswith("outcome_") and parent.startswith("raw_"))


def test_every_required_check_is_registered(defs: dg.Definitions, tmp_path: Path) -> None:
    pipeline = City(tmp_path / "data").open().pipeline
    registered = {f"{key.asset_key.to_user_string()}/{key.name}" for key in defs.resolve_asset_graph().asset_check_keys}
    required = {f"{table}/{rule}" for table, rules in pipeline.required.items() for rule in rules}
    assert registered == required
    assert set(pipeline.suites) == set(TABLES)


def test_snapshot_of_required_checks_is_up_to_date(tmp_path: Path) -> None:
    pipeline = City(tmp_path / "data").open().pipeline
    assert SNAPSHOT.read_text(encoding="utf-8") == snapshot_text(pipeline.suites)


def test_only_a_register_entry_takes_a_check_off_the_list(tmp_path: Path) -> None:
    suites = City(tmp_path / "data").open().pipeline.suites
    name = "outcome_sp01_close_the_gap"
    assert "priority_set_is_ten" in required_checks({}, [])[name]
    assert required_checks({}, [])[name]["priority_set_is_ten"] == "ERROR"
    assert "priority_set_is_ten" not in required_checks(suites, [f"{name}/priority_set_is_ten"])[name]


def test_jobs_schedule_and_sensors(defs: dg.Definitions) -> None:
    assert {job.name for job in defs.resolve_all_job_defs()} >= {"refresh", "release"}
    (schedule,) = defs.schedules or ()
    assert isinstance(schedule, dg.ScheduleDefinition)
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("30 2 * * *", "Europe/London")
    release = defs.resolve_job_def("release")
    refresh = defs.resolve_job_def("refresh")
    keys = {key.to_user_string() for key in release.asset_layer.executable_asset_keys}
    assert keys == {"release"}
    assert "release" not in {key.to_user_string() for key in refresh.asset_layer.executable_asset_keys}


def test_nightly_tick_asks_for_exactly_what_is_out_of_date(tmp_path: Path) -> None:
    city = City(tmp_path / "data")
    city.deliver(months=13, scale=0.02)
    workspace = city.open()
    with city.instance() as instance:
        defs = build_definitions(workspace)
        (schedule,) = defs.schedules or ()
        context = dg.build_schedule_context(instance=instance, repository_def=defs.get_repository_def())
        data = schedule.evaluate_tick(context)  # type: ignore[union-attr]
    (request,) = data.run_requests or ()
    possible = {
        name for name in TABLES if sources_of(name) <= {*OPEN, "neighbourhood", "lsoa_neighbourhood", "population"}
    }
    assert {key.to_user_string() for key in request.asset_selection or ()} == possible
    workspace.warehouse.close()


def test_measure_files_quote_the_board(tmp_path: Path) -> None:
    """What an analyst reads at the top of the file is the register's decision, word for word."""
    register = City(tmp_path / "data").open().register
    for measure in register.measures.values():
        if measure.outcome_table:
            path = ROOT / "assets" / "outcomes" / f"{measure.outcome_table.removeprefix('outcome_')}.py"
            words = " ".join(path.read_text(encoding="utf-8").split('"""')[1].split())
            decision = next(d for d in register.decisions if d.measure == measure.id)
            assert decision.verbatim in words
            assert (ROOT / "expectations" / "outcomes" / path.name).is_file()
            assert (ROOT / "tests" / "outcomes" / f"test_{path.name}").is_file()


def test_import_directions() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_dagster_loads_the_code_location(tmp_path: Path) -> None:
    """As `make ui` does, from the project's own workspace file."""
    import os

    home = tmp_path / "data" / "dagster"
    home.mkdir(parents=True)
    env = os.environ | {
        "DAGSTER_HOME": str(ROOT),
        "SAFER_DAGSTER_DIR": str(home),
        "SAFER_DATA_DIR": str(tmp_path / "data"),
        **environment_of(tmp_path / "data"),
    }
    done = subprocess.run(
        [str(Path(sys.executable).parent / "dagster"), "definitions", "validate", "-w", "workspace.yaml"],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("sensor", "status"),
    [
        ("release_after_success", dg.DagsterRunStatus.SUCCESS),
        ("release_after_failure", dg.DagsterRunStatus.FAILURE),
        ("release_after_cancel", dg.DagsterRunStatus.CANCELED),
    ],
)
def test_release_is_launched_however_a_run_ends(defs: dg.Definitions, sensor: str, status: dg.DagsterRunStatus) -> None:
    from dagster import DagsterEvent, DagsterRun

    (found,) = [s for s in defs.sensors or () if s.name == sensor]
    with dg.instance_for_test() as instance:
        for job, launched in (("refresh", True), ("__ASSET_JOB", True), ("release", False)):
            run = DagsterRun(job_name=job, status=status)
            event = DagsterEvent("PIPELINE_SUCCESS", job)
            context = dg.build_run_status_sensor_context(
                sensor_name=sensor, dagster_instance=instance, dagster_run=run, dagster_event=event
            )
            answer = found(context)
            assert isinstance(answer, dg.RunRequest if launched else dg.SkipReason)
            if isinstance(answer, dg.RunRequest):
                assert (answer.job_name, answer.run_key) == ("release", run.run_id)
