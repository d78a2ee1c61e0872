"""The one place where assets, checks, jobs, schedule, sensors and resources meet. Used by UI, daemon, CLI and tests."""

from __future__ import annotations

import dagster as dg

from assets.checks import table_checks
from assets.clean import lsoa_neighbourhood as clean_lookup
from assets.clean import neighbourhood as clean_places
from assets.clean import police_street as clean_street
from assets.clean import population as clean_population
from assets.outcomes import sp01_close_the_gap, sp08_serious_acquisitive_crime
from assets.raw import lsoa_neighbourhood, neighbourhood, police_street, population
from assets.release.release import release
from assets.setup import UPSTREAM, Pipeline
from expectations.contracts import TABLES
from pipelines import jobs
from pipelines.settings import read_settings
from pipelines.workspace import Workspace, dagster_environment, open_workspace

ASSETS = (
    police_street.raw_police_street,
    neighbourhood.raw_neighbourhood,
    lsoa_neighbourhood.raw_lsoa_neighbourhood,
    population.raw_population,
    clean_street.clean_police_street,
    clean_places.clean_neighbourhood,
    clean_lookup.clean_lsoa_neighbourhood,
    clean_population.clean_population,
    sp01_close_the_gap.outcome_sp01_close_the_gap,
    sp08_serious_acquisitive_crime.outcome_sp08_serious_acquisitive_crime,
)
_GROUPS = {"raw": "raw", "clean": "clean", "outcome": "outcomes"}


def build_definitions(workspace: Workspace) -> dg.Definitions:
    """Everything Dagster needs to run one partnership's data folder."""
    pipeline = workspace.pipeline
    described = dg.map_asset_specs(lambda spec: _describe(spec, pipeline), ASSETS)
    return dg.Definitions(
        assets=[*described, release],
        asset_checks=[table_checks(suite) for suite in pipeline.suites.values()],
        jobs=[jobs.refresh, jobs.release],
        schedules=[jobs.nightly(workspace)],
        sensors=[jobs.release_after_success, jobs.release_after_failure, jobs.release_after_cancel],
        resources={
            "pipeline": pipeline,
            "landing": workspace.landing,
            "archive": workspace.archive,
            "warehouse": workspace.warehouse,
            "engine": workspace.engine,
            "notifier": workspace.notifier,
        },
        # Everything is small after counting: one process, and no second import of the code for every step.
        executor=dg.in_process_executor,
    )


def _describe(spec: dg.AssetSpec, pipeline: Pipeline) -> dg.AssetSpec:
    """What the contract and the register say of a table: meaning, columns, owner, version."""
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
        description=f"{table.meaning}\n\nOne row is {table.grain}.{words}",
        group_name=_GROUPS[table.name.partition("_")[0]],
        code_version=pipeline.version,
        owners=[f"team:{_team(pipeline.owner(source))}"],
        kinds={"csv"} if table.name.startswith("raw_") else {"duckdb"} if "police_street" in table.name else {"pandas"},
        metadata={"dagster/column_schema": columns, "dagster/table_name": table.name},
    )


def _team(owner: str) -> str:
    """An owner's role as Dagster allows it in a team's name."""
    return "".join(c if c.isalnum() else "_" for c in owner.lower()).strip("_")


@dg.definitions
def defs() -> dg.Definitions:
    """What Dagster loads: the data folder that the settings name. Called on load, so tests can import this module."""
    settings = read_settings()
    dagster_environment(settings.data)
    return build_definitions(open_workspace(settings))
