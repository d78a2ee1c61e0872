"""The one place where assets, checks, jobs, schedule, sensors and resources meet. Used by UI, daemon, CLI and tests."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

import dagster as dg

import assets.clean
import assets.outcomes
import assets.raw
from assets.checks import step_checks
from assets.release.release import release
from assets.setup import SOURCES, STEPS, UPSTREAM, Pipeline
from expectations.contracts import PARTNERS, TABLES
from pipelines import actions, jobs, selections, sensors
from pipelines.settings import keep_to_ourselves, read_settings
from pipelines.workspace import Workspace, dagster_environment, open_workspace

_GROUPS = {"raw": "raw", "clean": "clean", "outcome": "outcomes"}


def _assets_in(package: ModuleType) -> Iterator[dg.AssetsDefinition]:
    """Every asset of the package's files: a new file is all that a new source or measure needs."""
    for found in sorted(iter_modules(package.__path__), key=lambda module: module.name):
        module = import_module(f"{package.__name__}.{found.name}")
        for name, value in sorted(vars(module).items()):
            if isinstance(value, dg.AssetsDefinition) and name.endswith(found.name):
                yield value


def build_definitions(workspace: Workspace) -> dg.Definitions:
    """Everything Dagster needs to run one partnership's data folder."""
    pipeline = workspace.pipeline
    described = dg.map_asset_specs(
        lambda spec: _describe(spec, workspace),
        [asset for package in (assets.raw, assets.clean, assets.outcomes) for asset in _assets_in(package)],
    )
    return dg.Definitions(
        assets=[*described, release],
        asset_checks=[step_checks([pipeline.suites[name] for name in step]) for step in dict.fromkeys(STEPS.values())],
        jobs=[jobs.refresh, jobs.release, jobs.everything, *selections.jobs(workspace), *actions.JOBS],
        schedules=[jobs.nightly(workspace)],
        sensors=[
            jobs.release_after_success,
            jobs.release_after_failure,
            jobs.release_after_cancel,
            sensors.landing_sensor(workspace),
            sensors.alerts_sensor(workspace),
        ],
        resources={
            "pipeline": pipeline,
            "landing": workspace.landing,
            "archive": workspace.archive,
            "warehouse": workspace.warehouse,
            "engine": workspace.engine,
            "notifier": workspace.notifier,
            "workspace": workspace,
        },
        # Everything is small after counting: one process, and no second import of the code for every step.
        executor=dg.in_process_executor,
    )


def _describe(spec: dg.AssetSpec, workspace: Workspace) -> dg.AssetSpec:
    """What the contract and the register say of a table: meaning, columns, owner, version, and how to make it anew."""
    pipeline = workspace.pipeline
    table = TABLES[spec.key.to_user_string()]
    source = pipeline.source_of(table.name)
    measures = [m for m in pipeline.register.measures.values() if m.outcome_table == table.name]
    words = "".join(f"\n\n**{m.id} {m.name}**: {m.board_aim or m.board_title}\n\n{m.definition}" for m in measures)
    columns = dg.TableSchema(
        [
            dg.TableColumn(
                c.name,
                c.type,
                f"{c.meaning}{f' ({c.unit})' if c.unit else ''}",
                dg.TableColumnConstraints(nullable=c.nullable, unique=table.key == (c.name,)),
            )
            for c in table.columns
        ]
    )
    return spec.replace_attributes(
        deps=[dg.AssetDep(name) for name in UPSTREAM[table.name]],
        description=f"{table.meaning}\n\nOne row is {table.grain}.{words}\n\n"
        f"{selections.how_to_remake(table.name, workspace)}".rstrip(),
        tags=selections.tags(table.name, workspace),
        group_name=_GROUPS[table.name.partition("_")[0]],
        code_version=pipeline.version,
        owners=[f"team:{_team(pipeline.owner(source))}"],
        kinds={"file"}
        if table.name.startswith("raw_")
        else {"duckdb"}
        if "police_street" in table.name
        else {"pandas"},
        metadata={"dagster/column_schema": columns, "dagster/table_name": table.name},
        freshness_policy=_freshness(table.name, pipeline),
    )


def _freshness(table: str, pipeline: Pipeline) -> dg.FreshnessPolicy | None:
    """How old a raw table may be: the time between two deliveries, and the days that one may take.

    A hint in the UI only, which looks at when the table was made. What is late is told by what a delivery covers
    (`assets/release/timeliness.py`). Where the clock is not today's nothing new is expected.
    """
    source = pipeline.register.sources.get(SOURCES.get(table, ""))
    if source is None or not source.expected or pipeline.register.clock != "today":
        return None
    days = source.expected_days_after_period
    if days is None:
        return None
    delivery = PARTNERS[source.name].delivery if source.name in PARTNERS else None
    quarterly = delivery is not None and delivery.field(delivery.period).type == "quarter"
    # A month has up to 31 days, a quarter 92; Christmas or Easter may put a deadline off by four.
    return dg.FreshnessPolicy.time_window(fail_window=timedelta(days=(92 if quarterly else 31) + days + 4))


def _team(owner: str) -> str:
    """An owner's role as Dagster allows it in a team's name."""
    return "".join(c if c.isalnum() else "_" for c in owner.lower()).strip("_")


@dg.definitions
def defs() -> dg.Definitions:
    """What Dagster loads: the data folder that the settings name. Called on load, so tests can import this module."""
    keep_to_ourselves()
    settings = read_settings()
    dagster_environment(settings.data, settings.dagster_url.get_secret_value())
    return build_definitions(open_workspace(settings))
