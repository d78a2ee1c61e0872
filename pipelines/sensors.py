"""Sensors of the daemon: one refreshes soon after a delivery, one sees to alerts.

Here: what a tick does, and what its cursor remembers. Not here: what is out of date (`planner.py`), what is told (`watch.py`).
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime

import dagster as dg

from pipelines.jobs import refresh
from pipelines.refresh import look, selection
from pipelines.watch import observed_kill, observed_runs, watch
from pipelines.workspace import Workspace, held_by_refresh

#: Runs that are on their way or under way.
_ACTIVE = (
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)
#: A tick may take a minute; what cannot be sent in this time is sent by the next.
_SENDING_SECONDS = 25.0


def landing_sensor(workspace: Workspace) -> dg.SensorDefinition:
    """Refreshes when a delivery has come and holds still: two looks with the same sizes and times."""

    @dg.sensor(
        name="landing",
        job=refresh,
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Refreshes what a new delivery changes, within minutes, once no file in landing grows any more.",
    )
    def tick(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        if not workspace.settings.landing_dir.is_dir():
            return dg.SensorResult(skip_reason="the landing folder is not there", cursor=context.cursor)
        seen, done = _read(context.cursor)
        state = _state(workspace)

        def skip(reason: str, *, settled: str = done) -> dg.SensorResult:
            return dg.SensorResult(skip_reason=reason, cursor=json.dumps({"seen": state, "done": settled}))

        if state == done:
            return skip("nothing was delivered since the last look")
        if state != seen:
            return skip("landing has changed: it must hold still until the next look")
        if held_by_refresh(workspace.settings.data)[0] or _is_running(context.instance):
            return skip("a refresh is running: the delivery waits for its end")
        found = look(workspace, context.instance)
        if found.empty:
            return skip("what lies in landing is known already", settled=state)
        assets, checks = selection(found, workspace.pipeline.required)
        return dg.SensorResult(
            run_requests=[dg.RunRequest(run_key=f"landing-{state}", asset_selection=assets, asset_check_keys=checks)],
            cursor=json.dumps({"seen": state, "done": state}),
        )

    return tick


def _read(cursor: str | None) -> tuple[str, str]:
    """State at the last look, and the state that was dealt with; empty at first."""
    said = json.loads(cursor) if cursor else {}
    return said.get("seen", ""), said.get("done", "")


def _state(workspace: Workspace) -> str:
    """Names, sizes and times of everything in landing, as one short text."""
    found = sorted(workspace.landing.fingerprint().items())
    return hashlib.sha256(json.dumps(found).encode()).hexdigest()[:16]


def _is_running(instance: dg.DagsterInstance) -> bool:
    return instance.get_runs_count(dg.RunsFilter(statuses=list(_ACTIVE))) > 0


def alerts_sensor(workspace: Workspace) -> dg.SensorDefinition:
    """Tells of runs that failed, of late deliveries, and sends whatever was not accepted yet."""

    @dg.sensor(
        name="alerts",
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tells of failed and killed runs and of late deliveries; sends every alert until it is accepted.",
    )
    def tick(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        # The first tick of all does not tell of history.
        after = datetime.fromisoformat(context.cursor) if context.cursor else datetime.now(UTC)
        seen, newest = observed_runs(workspace, context.instance, after)
        running, killed = held_by_refresh(workspace.settings.data)
        if killed and not running:
            seen.append(observed_kill(workspace, killed))
        # A warehouse that cannot be reached fails the tick: its cursor stays, so the next one sees the same runs.
        workspace.notifier.keep(seen)
        watch(workspace, send=False)
        workspace.notifier.send(seconds=_SENDING_SECONDS)
        return dg.SensorResult(skip_reason="alerts are seen to", cursor=newest.isoformat())

    return tick
