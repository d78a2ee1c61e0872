"""SP08 Serious Acquisitive Crime: levels only, no judgement.

The Board's decision: "Agreed"; aim: "monitoring updates on the levels … throughout the year".

The rule, in plain words (spec SP08, 2.3):
* Serious acquisitive crime is dwelling burglary, robbery, theft of and theft from a vehicle, by offence code. Open data
  has no offence codes. What it allows is a proxy, never to be called by the measure's name: all burglary, robbery and
  vehicle crime (with interference), which overstates. Every row says so.
* proxy = the three together; burglary, robbery, vehicle_crime = each. Offences recorded in the city per 1,000 of its
  residents.
* Compared with the same period one year before, in neutral words (higher, lower, similar), since the Board asked for
  levels: never better or worse, never a target.
* The breaks of April 2017 (residential burglary takes in sheds and garages) and April 2023 (split into home and
  unconnected building) move offences between dwelling and other burglary. The open category holds both, before and
  after, so they break the measure proper but not this proxy, and no row has `[b]`.
"""

from collections.abc import Iterator

import dagster as dg
import pandas as pd

from assets.outcomes import police, street
from assets.outcomes.street import CITY
from assets.outcomes.tidy import Line, Setting, compare_rates, tidy_table
from assets.setup import Pipeline
from expectations.contracts import outcome
from resources.archive import Archive
from resources.warehouse import Warehouse

RATE = "offences per 1000"
PROXY = "open-data proxy: overstates serious acquisitive crime"


def calculate(
    count: pd.DataFrame,
    completeness: pd.DataFrame,
    lookup: pd.DataFrame,
    neighbourhood: pd.DataFrame,
    population: pd.DataFrame,
    setting: Setting,
) -> pd.DataFrame:
    """The tidy table of SP08 from the clean tables of the contracts; no row when no month is complete."""
    setting.needs("proxy_groups")
    cover = street.coverage(completeness, setting.forces)
    rows = street.rows_in_area(count, lookup, setting.forces)
    group = rows["category"].map(setting.proxy_groups).rename("part")
    counts = rows.groupby(["month", group])["counted"].sum().unstack()
    counts = counts.reindex(columns=sorted(set(setting.proxy_groups.values())))
    counts["proxy"] = counts.sum(axis=1)
    people = street.residents(population, lookup, neighbourhood, setting.area_code)
    known = street.known_periods(counts, cover, people, setting.population_fallback)

    lines = [
        Line(
            part,
            setting.area_code,
            setting.area_name,
            RATE,
            {period: known[period].rate([part], [CITY]) for period in known},
            compare_rates,
        )
        for part in counts.columns
    ]
    return tidy_table("SP08", lines, cover.as_at, setting.baseline_fy, against="previous", opening_note=PROXY)


@dg.asset(deps=[*police.INPUTS])
def outcome_sp08_serious_acquisitive_crime(
    pipeline: dg.ResourceParam[Pipeline], archive: dg.ResourceParam[Archive], warehouse: dg.ResourceParam[Warehouse]
) -> Iterator[dg.MaterializeResult]:
    """SP08 at full precision, every part and period; internal until the release."""
    yield from police.measure("SP08", outcome.SP08, calculate, pipeline, archive, warehouse)
