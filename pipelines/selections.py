"""What an analyst picks in the UI: one job for each measure with all that it is made from, one for each source with all that
is made from it, and tags by which the same can be found in the lineage.

Here: which tables belong together, and the words for them. Not here: jobs of every night (`jobs.py`), jobs that are about
people and releases (`actions.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import dagster as dg

from assets.release.gate import lineage
from assets.setup import SOURCES, STEPS, UPSTREAM, delivered_sources, sources_of, upstream_of
from expectations.register import Measure
from pipelines.workspace import Workspace

_THEN = (
    " A release follows by itself while the daemon of `make ui` runs, else launch the job `release`: a measure is let out only"
    " if its checks have passed on exactly these tables."
)


def jobs(workspace: Workspace) -> list[dg.UnresolvedAssetJobDefinition]:
    """`measure_sp01` and so on, and `source_police_street` and so on.

    They hold what can be made from what was delivered when the code location was loaded: a source that never came leaves out
    what only it would add. After a first delivery of a source, reload the code location.
    """
    there = delivered(workspace)
    measures = [
        _measure(workspace, measure, there) for measure in workspace.register.measures.values() if measure.outcome_table
    ]
    return [*measures, *(_source(workspace, raw, name, there) for raw, name in SOURCES.items())]


def delivered(workspace: Workspace) -> set[str]:
    """Sources of which something was ever accepted, or lies in landing."""
    landing = workspace.settings.landing_dir
    places = {name: (landing / name, landing / "reference" / name) for name in SOURCES.values()}
    waiting = {name for name, two in places.items() if any(p.is_dir() and any(p.iterdir()) for p in two)}
    pulled = {name for name in SOURCES.values() if workspace.pipeline.pull_url(name)}
    return delivered_sources(workspace.archive.receipts()) | waiting | pulled


def made_from(table: str, there: Collection[str]) -> set[str]:
    """A table and everything upstream of it, given the sources that were delivered."""
    return _whole(lineage(table, {name: upstream_of(name, there) for name in UPSTREAM}))


def made_with(raw: str, there: Collection[str]) -> set[str]:
    """A raw table and everything downstream of it that can be made, given the sources that were delivered."""
    had = {*there, SOURCES[raw]}
    parents = {name: upstream_of(name, had) for name in UPSTREAM}
    return _whole(name for name in UPSTREAM if raw in lineage(name, parents) and sources_of(name) <= had)


def tags(table: str, workspace: Workspace) -> dict[str, str]:
    """Tags of an asset: the measures that it serves, the source it comes from; to type as `tag:measure_sp01` above a lineage."""
    measures = {f"measure_{name.lower()}": "" for name in _measures_of(table, workspace)}
    return measures | ({"source": SOURCES[table]} if table in SOURCES else {})


def how_to_remake(table: str, workspace: Workspace) -> str:
    """A sentence for the description of an asset: which job makes it anew."""
    if table in SOURCES:
        return f"To take in what was delivered and remake all that follows: job `source_{SOURCES[table]}`."
    names = [f"`measure_{name.lower()}`" for name in _measures_of(table, workspace)]
    return f"To make it anew with what it is made from and its checks: job {' or '.join(names)}." if names else ""


def _measures_of(table: str, workspace: Workspace) -> list[str]:
    """Measures whose jobs make a table: those made from it, or from one that the same step makes."""
    return sorted({name for together in STEPS[table] for name in workspace.pipeline.measures_of(together)})


def _whole(tables: Iterable[str]) -> set[str]:
    """With every table that is made in the same step."""
    return {other for name in tables for other in STEPS[name]}


def _measure(workspace: Workspace, measure: Measure, there: Collection[str]) -> dg.UnresolvedAssetJobDefinition:
    tables = made_from(measure.outcome_table, there)
    register = workspace.register
    sources = sorted(SOURCES[name] for name in tables if name in SOURCES)
    labels = [register.sources[name].label for name in sources]
    missing = sorted(sources_of(measure.outcome_table) - set(there))
    lacking = f" Never delivered, so this job cannot finish yet: {', '.join(missing)}." if missing else ""
    return dg.define_asset_job(
        f"measure_{measure.id.lower()}",
        selection=dg.AssetSelection.assets(*sorted(tables)),
        description=(
            f"{measure.id} {measure.name}: takes in what was delivered, makes the measure and all that it is made from, and"
            f" runs their checks. Sources: {'; '.join(labels)}.{lacking}{_THEN}"
        ),
        tags={"measure": measure.id},
    )


def _source(workspace: Workspace, raw: str, name: str, there: Collection[str]) -> dg.UnresolvedAssetJobDefinition:
    tables = made_with(raw, there)
    record = workspace.register.sources[name]
    measures = workspace.pipeline.measures_of(raw)
    return dg.define_asset_job(
        f"source_{name}",
        selection=dg.AssetSelection.assets(*sorted(tables)),
        description=(
            f"{record.label} (owner: {record.owner}): takes in what was delivered, makes all that follows from it, and runs the"
            f" checks. Measures that use it: {', '.join(measures) or 'none'}.{_THEN}"
        ),
        tags={"source": name},
    )
