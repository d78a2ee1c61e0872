"""A refresh: take in, plan, run, release. The same steps from the command line and, one by one, from schedule and sensors.

Here: order of the steps and what is told of them. Not here: words of the command line (`cli.py`), decisions
(`planner.py`, `assets/release/gate.py`).
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr
from dataclasses import dataclass, field
from functools import partial

import dagster as dg
from dagster._core.utils import make_new_run_id

from assets import alerts
from assets.raw.registration import Registration, delivered_table, unclaimed, waiting
from assets.release.evidence import read_evidence
from assets.release.release import Outcome, publish
from assets.setup import SOURCES, STEPS, sources_of
from assets.steps import take_in, tell_refused, terms_of
from expectations.contracts import TABLES
from pipelines.commands.progress import Progress
from pipelines.failures import step_failures
from pipelines.planner import Plan, plan
from pipelines.watch import watch
from pipelines.workspace import Workspace
from resources.warehouse import canonical, content_hash

_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class Refreshed:
    """What a refresh did.

    `failures` are one-line reasons of steps that could not finish; `released` says what became of each measure.
    """

    taken: Mapping[str, Registration]
    planned: Plan
    released: Outcome
    failures: tuple[str, ...] = field(default=())


def look(workspace: Workspace, instance: dg.DagsterInstance, *, taken: bool = False) -> Plan:
    """What would have to run now.

    Args:
        workspace: the data folder.
        instance: where runs are recorded.
        taken: whether landing was taken in just now; otherwise a file in landing that was not seen yet counts as new.
    """
    pipeline = workspace.pipeline
    with workspace.warehouse.snapshot() as snapshot:
        evidence = read_evidence(instance, snapshot, TABLES.values(), pipeline.required)
    changed, delivered = set(), set()
    for raw, source in SOURCES.items():
        receipts = workspace.archive.receipts(source)
        new = not taken and waiting(
            source, workspace.landing, workspace.archive, pipeline.seen, terms_of(source, pipeline)
        )
        if receipts or new:
            delivered.add(source)
        rows = canonical(TABLES[raw], delivered_table(receipts, source))
        if new or evidence[raw].hash_read != content_hash(TABLES[raw], rows):
            changed.add(raw)
    deliverable = {table for table in TABLES if sources_of(table) <= delivered}
    return plan(STEPS, evidence, workspace.pipeline.wanted(delivered), changed, deliverable)


def selection(
    planned: Plan, required: Mapping[str, Mapping[str, str]]
) -> tuple[list[dg.AssetKey], list[dg.AssetCheckKey]]:
    """A plan as Dagster's explicit selection: tables to make with all their checks, and the checks to repeat."""
    assets = [dg.AssetKey(name) for name in planned.make]
    checks = [
        dg.AssetCheckKey(dg.AssetKey(name), rule) for name in (*planned.make, *planned.check) for rule in required[name]
    ]
    return assets, checks


@dataclass(frozen=True)
class Ran:
    """How a run ended: its id, and of each step that failed its name and one line."""

    run_id: str
    failures: tuple[tuple[str, str], ...] = ()


def run_plan(
    definitions: dg.Definitions,
    planned: Plan,
    required: Mapping[str, Mapping[str, str]],
    instance: dg.DagsterInstance,
    progress: Progress | None = None,
) -> Ran:
    """Run exactly what was planned, in this process."""
    assets, checks = selection(planned, required)
    job = definitions.resolve_job_def("refresh")
    known = {key for key in job.asset_layer.asset_graph.asset_check_keys}
    part = job.get_subset(asset_selection=set(assets), asset_check_selection=set(checks) & known)
    run_id = make_new_run_id()
    if progress:
        progress.stage("Tables and checks", len(list(part.graph.nodes)))
        instance.add_event_listener(run_id, partial(_told, progress))
    # Dagster writes what it cannot record to stderr, parameters and all; the failure itself still comes back.
    with redirect_stderr(io.StringIO()):
        result = part.execute_in_process(instance=instance, raise_on_error=False, run_config=_QUIET, run_id=run_id)
    return Ran(result.run_id, step_failures(result.all_events))


def _told(progress: Progress, entry: dg.EventLogEntry) -> None:
    event = entry.dagster_event
    if event and (event.is_step_success or event.is_step_failure):
        progress.step(event.step_key or "")


def refresh(
    workspace: Workspace,
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    say: Callable[[str], None],
    progress: Progress | None = None,
) -> Refreshed:
    """Take in what was delivered, run what the planner says, then release whatever its gate lets out.

    Args:
        workspace: the data folder, held by the caller (`one_at_a_time`).
        definitions: everything Dagster runs.
        instance: where runs are recorded.
        say: told one line a stage.
        progress: told of every source and every step.
    """
    progress = progress or Progress()
    say = progress.aside(say)
    progress.stage("Taking in deliveries", len(SOURCES))
    taken = {}
    for source in SOURCES.values():
        taken[source] = take_in(source, workspace.pipeline, workspace.landing, workspace.archive, workspace.notifier)
        progress.step()
    taken[""] = unclaimed(workspace.landing, workspace.archive)
    tell_refused("", taken[""].refused, workspace.pipeline, workspace.archive, workspace.notifier)
    planned = look(workspace, instance, taken=True)
    ran = Ran("")
    if planned.empty:
        say("Nothing to do: every table and check is up to date.")
    else:
        say(f"Making {len(planned.make)} tables, repeating the checks of {len(planned.check)}.")
        ran = run_plan(definitions, planned, workspace.pipeline.required, instance, progress)
    tell_ended(workspace, ran)
    progress.stage("Release", 1)
    released = publish(workspace.pipeline, workspace.archive, workspace.warehouse, workspace.notifier, instance)
    watch(workspace)
    return Refreshed(taken, planned, released, tuple(f"{step}: {line}" for step, line in ran.failures))


def tell_ended(workspace: Workspace, ran: Ran) -> None:
    """Tell of steps that failed, or that all is well again."""
    seen = alerts.run_well(workspace.pipeline, run_id=ran.run_id)
    if ran.failures:
        number = len(ran.failures)
        seen = alerts.run_failed(
            workspace.pipeline,
            identity=ran.run_id,
            what=f"{number} step{'s' if number > 1 else ''} could not finish:",
            failures=ran.failures,
            run_id=ran.run_id,
        )
    workspace.notifier.tell([seen])
