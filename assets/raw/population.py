"""Raw stage of population: the population estimates.

Here: one thin asset. Registers what was delivered and archives it; changes nothing (`registration.py`).
"""

from collections.abc import Iterator

import dagster as dg

from assets.setup import Pipeline
from assets.steps import register_source
from resources.archive import Archive
from resources.landing import Landing
from resources.notifier import Notifier
from resources.warehouse import Warehouse


@dg.asset
def raw_population(
    pipeline: dg.ResourceParam[Pipeline],
    landing: dg.ResourceParam[Landing],
    archive: dg.ResourceParam[Archive],
    warehouse: dg.ResourceParam[Warehouse],
    notifier: dg.ResourceParam[Notifier],
) -> Iterator[dg.MaterializeResult]:
    """The deliveries of population that count, one version a slot."""
    yield from register_source("population", pipeline, landing, archive, warehouse, notifier)
