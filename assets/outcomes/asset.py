"""From a measure's pure calculation to its Dagster asset: the wiring that all measures share.

Here: read the inputs that are delivered from one snapshot, calculate, swap the outcome table. Not here: what a measure counts
(one file each).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date

import dagster as dg
import pandas as pd

from assets.clock import evaluation_date
from assets.outcomes.tidy import Setting
from assets.setup import Pipeline, delivered_sources, setting, upstream_of
from assets.steps import read, write
from expectations.outcomes import Measured
from resources.archive import Archive
from resources.warehouse import Warehouse

#: Rows of the input tables by table name (an optional one only where its source was ever delivered), and the register's
#: settings; gives back the tidy table.
Calculate = Callable[[Mapping[str, pd.DataFrame], Setting], pd.DataFrame]


def outcome_asset(measure: str, contract: Measured, calculate: Calculate) -> dg.AssetsDefinition:
    """The outcome asset of a measure: every part and period at full precision, internal until the release.

    Args:
        measure: id in the register, such as `SP05`.
        contract: the measure's file in `expectations/outcomes`.
        calculate: from the tables it reads to its tidy table; pure.
    """
    table = contract.TABLE

    @dg.asset(name=table.name, deps=[*contract.READS, *contract.OPTIONAL])
    def outcome(
        pipeline: dg.ResourceParam[Pipeline], archive: dg.ResourceParam[Archive], warehouse: dg.ResourceParam[Warehouse]
    ) -> Iterator[dg.MaterializeResult]:
        receipts = archive.receipts()
        as_of = evaluation_date(pipeline.as_of, pipeline.register.clock, receipts, date.today())
        frames, inputs = read(warehouse, *upstream_of(table.name, delivered_sources(receipts)))
        figures = calculate(frames, setting(pipeline.register, measure, as_of))
        yield from write(warehouse, [(table, figures)], inputs, _told(figures))

    return outcome


def _told(figures: pd.DataFrame) -> dict[str, int | str]:
    """What the UI says of a measure's table: how much it holds and up to when, never a figure (nothing is hidden in it yet)."""
    there = figures[figures["value"].notna()]
    return {
        "figures": len(figures),
        "figures with a value": len(there),
        "newest day covered": str(there["period_end"].max()) if len(there) else "none",
    }
