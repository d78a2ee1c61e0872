"""What nobody is told of by the step that it happens in: lateness, runs that failed or were killed.

Here: seeing it, for the end of a refresh and for the daemon's sensor alike. Everything may be looked at as often as one likes:
the outbox knows what was told. Not here: words (`assets/alerts.py`), which month is due (`assets/release/timeliness.py`).
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime

import dagster as dg

from assets import alerts
from assets.clock import evaluation_date
from assets.release.compose import late_blocks
from assets.release.timeliness import late_sources
from assets.steps import counting_rows
from pipelines.failures import step_failures
from pipelines.workspace import Workspace
from resources.alert_store import Observed
from resources.warehouse import WarehouseError

_ENDED = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)
#: Jobs whose success means that everything out of date was made: a run of single assets does not.
_WHOLE = ("refresh", "nightly", "release")


def watch(workspace: Workspace, *, send: bool = True) -> None:
    """Tell of deliveries that are late or came, and of checks that are not required any more.

    Raises:
        WarehouseError: only without sending, when it cannot be kept.
    """
    open_checks = workspace.notifier.open_cases("check:")
    gone = alerts.no_longer_required(workspace.pipeline, open_checks) if open_checks else []
    tell = workspace.notifier.tell if send else workspace.notifier.keep
    tell([*observed_lateness(workspace), *gone])


def observed_lateness(workspace: Workspace) -> list[Observed]:
    """Of each source that is expected whether it is late, by the partnership's clock."""
    register, pipeline = workspace.register, workspace.pipeline
    receipts = workspace.archive.receipts()
    as_of = evaluation_date(pipeline.as_of, register.clock, receipts, date.today())
    late = late_sources(register, receipts, as_of)
    meeting = register.board_meetings.pressing(as_of)
    open_now = {case.name for case in workspace.notifier.open_cases("late:")}
    found = []
    for source in sorted({*late, *(name.partition(":")[2] for name in open_now)} & set(register.sources)):
        mine = [receipt for receipt in receipts if receipt.source == source]
        held = pipeline.measures_of(f"raw_{source}") if late_blocks(register, source) else []
        rows = counting_rows(mine, source)
        found.append(alerts.of_lateness(pipeline, source, late.get(source), held, rows, meeting))
    return found


# --- runs -----------------------------------------------------------------------------------------------------------------


def tell_stopped(workspace: Workspace, line: str) -> None:
    """Tell of a refresh, or a tick of the schedule, that an error stopped; `line` says which, without any value.

    Silent where that cannot be kept: the error itself is what the command says, and a full disk or a lost database is it.
    """
    now = datetime.now(UTC).isoformat()
    with suppress(WarehouseError):
        workspace.notifier.keep([_stopped(workspace, f"stopped {now}", f"it was stopped: {line}")])
        workspace.notifier.send()


def tell_killed(workspace: Workspace, began: str) -> None:
    """Tell of a refresh from the command line that was killed, if one was: it began then."""
    if began:
        workspace.notifier.tell([observed_kill(workspace, began)])


def observed_kill(workspace: Workspace, began: str) -> Observed:
    """A refresh from the command line that was killed."""
    return _stopped(
        workspace, f"killed {began}", f"the refresh that began at {began} was killed, or the machine stopped."
    )


def _stopped(workspace: Workspace, identity: str, what: str) -> Observed:
    return alerts.run_failed(workspace.pipeline, identity=identity, what=what, failures=())


def observed_runs(
    workspace: Workspace, instance: dg.DagsterInstance, after: datetime
) -> tuple[list[Observed], datetime]:
    """How runs ended since a moment, and the moment to look from next time.

    Of refreshes, and of releases, the last one that says something counts: what was mended since is not told.
    """
    records = instance.get_run_records(
        dg.RunsFilter(statuses=list(_ENDED), updated_after=after), order_by="update_timestamp", ascending=True
    )
    last: dict[str, dg.DagsterRun] = {}
    newest = after
    for record in records:
        run, newest = record.dagster_run, max(newest, record.update_timestamp.replace(tzinfo=UTC))
        well = run.status == dg.DagsterRunStatus.SUCCESS
        # Dagster starts it again by itself: only what comes of the last attempt is told.
        again = run.tags.get("dagster/will_retry") == "true"
        if not again and (not well or run.job_name in _WHOLE):
            last["release" if run.job_name == "release" else "refresh"] = run
    return [_ended(workspace, run, instance) for run in last.values()], newest


def _ended(workspace: Workspace, run: dg.DagsterRun, instance: dg.DagsterInstance) -> Observed:
    if run.status == dg.DagsterRunStatus.SUCCESS:
        return alerts.run_well(workspace.pipeline, run.job_name, run.run_id)
    logs = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    failures = step_failures(entry.dagster_event for entry in logs if entry.dagster_event)
    if run.status == dg.DagsterRunStatus.CANCELED:
        what = "it was cancelled."
    elif failures:
        what = f"{len(failures)} step{'s' if len(failures) > 1 else ''} could not finish:"
    else:
        what = "it was killed, or could not start."
    return alerts.run_failed(
        workspace.pipeline, identity=run.run_id, what=what, failures=failures, run_id=run.run_id, job=run.job_name
    )
