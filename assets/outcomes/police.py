"""What the assets of the police measures share: their inputs, and from inputs to a written outcome table.

Here: wiring only. Not here: what a measure counts (one file each).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

import dagster as dg
import pandas as pd

from assets.clock import evaluation_date
from assets.setup import Pipeline, setting
from assets.steps import read, write
from expectations.contracts import police_street, reference
from expectations.contracts.model import Table
from resources.archive import Archive
from resources.warehouse import Warehouse

#: Tables that every measure from the street files is made from, in the order of `calculate`'s arguments.
INPUTS = (
    police_street.COUNT.name,
    police_street.COMPLETENESS.name,
    reference.LSOA_NEIGHBOURHOOD.name,
    reference.NEIGHBOURHOOD.name,
    reference.POPULATION.name,
)
Calculate = Callable[..., pd.DataFrame]


def measure(
    name: str, table: Table, calculate: Calculate, pipeline: Pipeline, archive: Archive, warehouse: Warehouse
) -> Iterator[dg.MaterializeResult]:
    """Calculate a measure from one snapshot of its inputs and swap its outcome table."""
    register = pipeline.register
    as_of = evaluation_date(pipeline.as_of, register.clock, archive.receipts(), date.today())
    frames, inputs = read(warehouse, *INPUTS)
    figures = calculate(*(frames[i] for i in INPUTS), setting(register, name, as_of))
    yield from write(warehouse, [(table, figures)], inputs)
