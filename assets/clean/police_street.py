"""Clean stage of police_street: rows of the area, counts everywhere, completeness, quarantine (spec 2.3, 3.2).

Here: one thin step that makes the four tables together. The rules are in `street_engine.py`.
"""

from collections.abc import Iterator

import dagster as dg
from pydantic import Field

from assets.clean.street_engine import StreetFile, parse_again, settle
from assets.setup import Pipeline
from assets.steps import archived, read, write
from expectations.contracts import police_street as contract
from expectations.contracts import reference
from resources.archive import Archive
from resources.engine import Engine
from resources.warehouse import Warehouse

_TABLES = (contract.ROWS, contract.COUNT, contract.COMPLETENESS, contract.QUARANTINE)
_RAW, _LOOKUP = contract.RAW.name, reference.LSOA_NEIGHBOURHOOD.name


class StreetConfig(dg.Config):
    """What a person may ask of a run, in the Launchpad of the UI."""

    parse_again: list[str] = Field(
        default=[],
        description="Months, such as 2014-06, whose files are read anew from the archive instead of from what was kept of"
        " them. It costs time and changes no figure, unless what was kept was damaged.",
    )


@dg.multi_asset(specs=[dg.AssetSpec(table.name, deps=[_RAW, _LOOKUP]) for table in _TABLES])
def clean_police_street(
    context: dg.AssetExecutionContext,
    config: StreetConfig,
    pipeline: dg.ResourceParam[Pipeline],
    archive: dg.ResourceParam[Archive],
    engine: dg.ResourceParam[Engine],
    warehouse: dg.ResourceParam[Warehouse],
) -> Iterator[dg.MaterializeResult]:
    """One Crime ID is one offence, placed by LSOA; every delivered row is counted, merged or set aside."""
    frames, inputs = read(warehouse, _RAW, _LOOKUP)
    raw, lookup = frames[_RAW], frames[_LOOKUP]
    replaced = raw.dropna(subset=["previous_sha256"])
    _forget(context, config.parse_again, set(raw["month"]), engine)
    made = settle(
        [StreetFile(r.force, r.month, r.sha256, archived(archive, r.sha256)) for r in raw.itertuples()],
        [
            StreetFile(r.force, r.month, r.previous_sha256, archived(archive, r.previous_sha256))
            for r in replaced.itertuples()
        ],
        [(c.label, c.category, c.valid_from, c.valid_to or None) for c in pipeline.register.categories],
        sorted(set(zip(lookup["lsoa_code"], lookup["lsoa_vintage"], strict=True))),
        pipeline.register.area.lsoa_name_prefix,
        engine,
    )
    tables = (made.rows, made.count, made.completeness, made.quarantine)
    yield from write(warehouse, list(zip(_TABLES, tables, strict=True)), inputs)


def _forget(context: dg.AssetExecutionContext, asked: list[str], months: set[str], engine: Engine) -> None:
    """Let go of what was kept of the months that a person asked for."""
    if unknown := sorted(set(asked) - months):
        held = f"{min(months)} to {max(months)}" if months else "none"
        raise dg.Failure(
            f"no street file of {len(unknown)} of the months in parse_again counts: write them like 2014-06; delivered are {held}",
            allow_retries=False,
        )
    if asked:
        context.log.info(f"{parse_again(asked, engine)} street files are read anew")
