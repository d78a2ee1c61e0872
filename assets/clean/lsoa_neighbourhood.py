"""Clean stage of lsoa_neighbourhood: the delivered table, typed by its contract (spec 3.9). Here: one thin asset."""

from collections.abc import Iterator

import dagster as dg

from assets.clean.reference import read_reference
from assets.steps import delivered_file, read, write
from expectations.contracts import reference
from resources.archive import Archive
from resources.warehouse import Warehouse


@dg.asset(deps=[reference.RAW_LSOA_NEIGHBOURHOOD.name])
def clean_lsoa_neighbourhood(
    archive: dg.ResourceParam[Archive], warehouse: dg.ResourceParam[Warehouse]
) -> Iterator[dg.MaterializeResult]:
    """The rows of the lsoa_neighbourhood file that counts."""
    _, inputs = read(warehouse, reference.RAW_LSOA_NEIGHBOURHOOD.name)
    rows = read_reference(reference.LSOA_NEIGHBOURHOOD, delivered_file(archive, "lsoa_neighbourhood"))
    yield from write(warehouse, [(reference.LSOA_NEIGHBOURHOOD, rows)], inputs)
