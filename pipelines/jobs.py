"""Jobs, the nightly schedule, and the sensors that launch a release when a refresh ends, however it ends.

Not here: the sensors that look at landing and send alerts (`sensors.py`).
"""

from __future__ import annotations

import dagster as dg

from pipelines.workspace import Workspace, held_by_refresh

_RELEASE = dg.AssetKey("release")
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


everything = dg.define_asset_job(
    "nightly",
    selection=dg.AssetSelection.all(),
    description="What the nightly schedule runs a part of: the tables that are out of date, or else the release alone.",
)


def nightly(workspace: Workspace) -> dg.ScheduleDefinition:
    """02:30 in London: a time that the clock changes never skip or repeat."""

    @dg.schedule(
        name="nightly",
        job=everything,
        cron_schedule="30 2 * * *",
        execution_timezone="Europe/London",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Runs what the planner says: changed deliveries, what is made from them, checks that need repeating."
        " A release follows. Where nothing is out of date it is made at once: what is late or provisional depends on the day.",
    )
    def tick(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        from pipelines.failures import line_of
        from pipelines.refresh import look, selection
        from pipelines.watch import tell_stopped

        if held_by_refresh(workspace.settings.data)[0]:
            return dg.SkipReason("a refresh from the command line is running, which does the same")
        try:
            found = look(workspace, context.instance)
        except Exception as error:
            # No run comes of it that could be seen to fail.
            tell_stopped(workspace, line_of(error))
            raise
        if found.empty:
            return dg.RunRequest(asset_selection=[_RELEASE])
        assets, checks = selection(found, workspace.pipeline.required)
        return dg.RunRequest(asset_selection=assets, asset_check_keys=checks)

    return tick


def _launch(context: dg.RunStatusSensorContext) -> dg.RunRequest | dg.SkipReason:
    """Release after any run but a release: the gate decides, so it never matters how the run ended."""
    run = context.dagster_run
    if run.job_name == release.name or run.asset_selection == frozenset({_RELEASE}):
        return dg.SkipReason("a release leads to no release")
    return dg.RunRequest(run_key=run.run_id, job_name=release.name)


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
