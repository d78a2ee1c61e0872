"""Jobs, the nightly schedule, and the sensors that launch a release when a refresh ends, however it ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import dagster as dg

if TYPE_CHECKING:
    from pipelines.workspace import Workspace

_EVERYTHING = dg.AssetSelection.all() - dg.AssetSelection.assets("release")

refresh = dg.define_asset_job(
    "refresh",
    selection=_EVERYTHING,
    description="Raw, clean and outcome tables with all their checks. Publishes nothing.",
)
release = dg.define_asset_job(
    "release",
    selection=dg.AssetSelection.assets("release"),
    description="Reads the recorded evidence and publishes the measures whose gate is open. The same content is published once.",
)


def nightly(workspace: Workspace) -> dg.ScheduleDefinition:
    """02:30 in London: a time that the clock changes never skip or repeat."""

    @dg.schedule(
        name="nightly",
        job=refresh,
        cron_schedule="30 2 * * *",
        execution_timezone="Europe/London",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Runs what the planner says: changed deliveries, what is made from them, checks that need repeating.",
    )
    def tick(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        from pipelines.refresh import look, selection

        found = look(workspace, context.instance)
        if found.empty:
            yield dg.SkipReason("nothing changed since the last refresh")
            return
        assets, checks = selection(found, workspace.pipeline.required)
        yield dg.RunRequest(asset_selection=assets, asset_check_keys=checks)

    return tick


def _launch(context: dg.RunStatusSensorContext) -> dg.RunRequest | dg.SkipReason:
    """Release after any run but a release: the gate decides, so it never matters how the run ended."""
    if context.dagster_run.job_name == release.name:
        return dg.SkipReason("a release leads to no release")
    return dg.RunRequest(run_key=context.dagster_run.run_id, job_name=release.name)


def _sensor(name: str, status: dg.DagsterRunStatus) -> dg.SensorDefinition:
    return dg.run_status_sensor(
        run_status=status,
        name=name,
        request_job=release,
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=15,
    )(_launch)


release_after_success = _sensor("release_after_success", dg.DagsterRunStatus.SUCCESS)
release_after_failure = _sensor("release_after_failure", dg.DagsterRunStatus.FAILURE)
release_after_cancel = _sensor("release_after_cancel", dg.DagsterRunStatus.CANCELED)
