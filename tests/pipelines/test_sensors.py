"""What runs by itself: every night once, soon after a delivery once, and never a half-delivered file."""

from __future__ import annotations

import json
import os
import shutil
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import takewhile
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import pytest
from dagster._core.definitions.schedule_definition import ScheduleExecutionData
from dagster._utils.schedules import schedule_execution_time_iterator

from pipelines import jobs
from pipelines.definitions import build_definitions
from pipelines.jobs import nightly
from pipelines.sensors import landing_sensor
from pipelines.workspace import Workspace, WorkspaceError, held_by_refresh, one_at_a_time
from tests.e2e.city import City, open_city


@pytest.fixture
def city(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> City:
    city = City(tmp_path / "data")
    shutil.copytree(open_city(tmp_path_factory).data, city.data, symlinks=True)
    return city


@dataclass
class Daemon:
    """Carries the cursor of one sensor from tick to tick; each tick is of new objects, as after a restart."""

    city: City
    cursor: str | None = None
    launched: list[str | None] = field(default_factory=list)

    def look(self) -> str:
        workspace = self.city.open()
        with self.city.instance() as instance:
            context = dg.build_sensor_context(instance=instance, cursor=self.cursor)
            result = landing_sensor(workspace).evaluate_tick(context)
        workspace.warehouse.close()
        self.cursor = result.cursor
        # The daemon's own rule: a run key is launched once.
        new = [request for request in result.run_requests or () if request.run_key not in self.launched]
        self.launched += [request.run_key for request in new]
        if new:
            return " ".join(sorted(key.to_user_string() for key in new[0].asset_selection or ()))
        return result.skip_message or ""


@dg.job
def some_job() -> None:
    """Any run at all."""


def test_a_delivery_is_taken_in_once_it_holds_still(city: City) -> None:
    daemon = Daemon(city)
    assert "must hold still" in daemon.look()
    assert "known already" in daemon.look()
    assert "nothing was delivered" in daemon.look()

    source = next((city.data / "landing" / "police_street").rglob("2014-04-*.csv"))
    rows = source.read_text().replace("2014-04", "2014-06").splitlines(keepends=True)
    growing = city.data / "landing" / "police_street" / "2014-06-vale-and-moor-street.csv"
    for part in (10, 50, 200):
        growing.write_text("".join(rows[:part]))
        assert "must hold still" in daemon.look()
    growing.write_text("".join(rows))
    assert "must hold still" in daemon.look()
    # The same size at another time is another state: a sender may write in place.
    os.utime(growing, (1_400_000_000, 1_400_000_000))
    assert "must hold still" in daemon.look()
    with one_at_a_time(city.data):
        assert "a refresh is running" in daemon.look()
    with city.instance() as instance:
        run = instance.create_run_for_job(some_job, status=dg.DagsterRunStatus.STARTED)
    assert "a refresh is running" in daemon.look()
    with city.instance() as instance:
        instance.report_run_canceled(instance.get_run_by_id(run.run_id))  # type: ignore[arg-type]
    assert daemon.look().split()[-1] == "raw_police_street"
    for _ in range(3):
        assert "nothing was delivered" in daemon.look()
    assert len(daemon.launched) == 1
    # A cursor that was lost launches nothing anew: the run key is of what lies in landing.
    daemon.cursor = None
    for _ in range(3):
        daemon.look()
    assert len(daemon.launched) == 1


def test_a_landing_folder_that_is_not_there_yet_is_nothing(tmp_path: Path) -> None:
    daemon = Daemon(City(tmp_path / "data"))
    assert daemon.look() == "the landing folder is not there"
    (tmp_path / "data" / "landing").mkdir()
    assert "must hold still" in daemon.look()
    assert "known already" in daemon.look()


# --- the night ----------------------------------------------------------------------------------------------------------


def nights(first: datetime, last: datetime) -> list[datetime]:
    """When the schedule of this code runs between two moments, by Dagster's own iterator."""
    schedule = nightly(Workspace.__new__(Workspace))
    assert isinstance(schedule, dg.ScheduleDefinition)
    moments = schedule_execution_time_iterator(first.timestamp(), schedule.cron_schedule, schedule.execution_timezone)
    return list(takewhile(lambda moment: moment <= last, moments))


@pytest.mark.parametrize(
    ("day", "utc"),
    [
        (date(2026, 3, 28), "02:30"),
        (date(2026, 3, 29), "01:30"),  # the clocks go forward at 01:00
        (date(2026, 3, 30), "01:30"),
        (date(2026, 10, 24), "01:30"),
        (date(2026, 10, 25), "02:30"),  # the clocks go back at 02:00 of summer time
        (date(2026, 10, 26), "02:30"),
        (date(2027, 3, 28), "01:30"),
        (date(2027, 10, 31), "02:30"),
    ],
)
def test_every_night_runs_once_when_the_clocks_change_too(day: date, utc: str) -> None:
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=1)
    found = nights(midnight, midnight + timedelta(hours=24))
    assert [f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}" for moment in found] == [f"{day} {utc}"]


def test_a_year_has_as_many_nights_as_days() -> None:
    found = nights(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 12, 31, 23, tzinfo=UTC))
    assert len({moment.date() for moment in found}) == len(found) == 365


def test_a_night_without_news_still_releases_and_that_release_leads_to_no_other(city: City) -> None:
    """What is late, provisional or waived depends on the day, so nothing being out of date is no reason not to release."""
    workspace = city.open()
    defs = build_definitions(workspace)
    (schedule,) = defs.schedules or ()
    assert isinstance(schedule, dg.ScheduleDefinition)

    def tick() -> ScheduleExecutionData:
        with city.instance() as instance:
            context = dg.build_schedule_context(instance=instance, repository_def=defs.get_repository_def())
            return schedule.evaluate_tick(context)

    # In a context of its own: a tick leaves a mark of its Dagster instance, which later tests would meet.
    (request,) = copy_context().run(tick).run_requests or ()
    assert [key.to_user_string() for key in request.asset_selection or ()] == ["release"]
    with one_at_a_time(city.data):
        assert "does the same" in (copy_context().run(tick).skip_message or "")
    assert defs.resolve_job_def("nightly").asset_layer.executable_asset_keys >= {dg.AssetKey("release")}
    run = dg.DagsterRun(job_name="nightly", asset_selection=frozenset({dg.AssetKey("release")}))
    answer = jobs._launch(SimpleNamespace(dagster_run=run))  # type: ignore[arg-type]
    assert isinstance(answer, dg.SkipReason)
    workspace.warehouse.close()


def test_the_lock_tells_of_a_refresh_that_was_killed(tmp_path: Path) -> None:
    assert held_by_refresh(tmp_path) == (False, "")
    with one_at_a_time(tmp_path) as before:
        assert before == ""
        assert held_by_refresh(tmp_path) == (True, "")
        with pytest.raises(WorkspaceError), one_at_a_time(tmp_path):
            pass
    assert held_by_refresh(tmp_path) == (False, "")
    child = os.fork()
    if child == 0:
        with one_at_a_time(tmp_path):
            os.kill(os.getpid(), 9)
    os.waitpid(child, 0)
    busy, began = held_by_refresh(tmp_path)
    assert not busy
    assert datetime.fromisoformat(began).tzinfo is not None
    with one_at_a_time(tmp_path) as before:
        assert before == began
    assert held_by_refresh(tmp_path) == (False, "")


def test_raw_tables_say_how_old_they_may_be_where_the_clock_is_todays(tmp_path: Path) -> None:
    folder = tmp_path / "partnership"
    shutil.copytree(City(tmp_path / "x").partnership.parent, folder)
    head = folder / "synthetic" / "partnership.toml"
    policies = {}
    for clock in ("data", "today"):
        head.write_text(head.read_text().replace('clock = "data"', f'clock = "{clock}"'))
        city = City(tmp_path / clock, partnership=folder / "synthetic")
        workspace = city.open()
        with city.instance():
            specs = build_definitions(workspace).resolve_all_asset_specs()
        policies[clock] = {
            spec.key.to_user_string(): spec.freshness_policy.fail_window.to_timedelta().days  # type: ignore[attr-defined]
            for spec in specs
            if spec.freshness_policy
        }
    assert policies["data"] == {}
    # Police 10 days, PDAS 15, surveys 30 (spec 3.10), beside a month of 31 days or a quarter of 92, and 4 of holidays.
    assert {name: days for name, days in policies["today"].items() if name in SOME} == SOME
    assert all(name.startswith("raw_") for name in policies["today"])


SOME = {"raw_police_street": 45, "raw_pdas_referral": 50, "raw_asb_survey": 126}


def test_cursor_holds_no_name_of_a_file(city: City) -> None:
    daemon = Daemon(city)
    daemon.look()
    assert set(json.loads(daemon.cursor or "")) == {"seen", "done"}
    assert "vale" not in (daemon.cursor or "")
