"""Clean stage of police_street: rows of the area, counts everywhere, completeness, quarantine (spec 2.3, 3.2).

Here: one thin step that makes the four tables together. The rules are in `street_engine.py`.
"""

from collections.abc import Iterator

import dagster as dg

from assets.clean.street_engine import StreetFile, settle
from assets.setup import Pipeline
from assets.steps import archived, read, write
from expectations.contracts import police_street as contract
from expectations.contracts import reference
from resources.archive import Archive
from resources.engine import Engine
from resources.warehouse import Warehouse

_TABLES = (contract.ROWS, contract.COUNT, contract.COMPLETENESS, contract.QUARANTINE)
_RAW, _LOOKUP = contract.RAW.name, reference.LSOA_NEIGHBOURHOOD.name


@dg.multi_asset(specs=[dg.AssetSpec(table.name, deps=[_RAW, _LOOKUP]) for table in _TABLES])
def clean_police_street(
    pipeline: dg.ResourceParam[Pipeline],
    archive: dg.ResourceParam[Archive],
    engine: dg.ResourceParam[Engine],
    warehouse: dg.ResourceParam[Warehouse],
) -> Iterator[dg.MaterializeResult]:
    """One Crime ID is one offence, placed by LSOA; every delivered row is counted, merged or set aside."""
    frames, inputs = read(warehouse, _RAW, _LOOKUP)
    raw, lookup = frames[_RAW], frames[_LOOKUP]
    replaced = raw.dropna(subset=["previous_sha256"])
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
