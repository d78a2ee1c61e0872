"""Raw stage of lsoa_neighbourhood: the lookup from LSOA to neighbourhood.

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
def raw_lsoa_neighbourhood(
    pipeline: dg.ResourceParam[Pipeline],
    landing: dg.ResourceParam[Landing],
    archive: dg.ResourceParam[Archive],
    warehouse: dg.ResourceParam[Warehouse],
    notifier: dg.ResourceParam[Notifier],
) -> Iterator[dg.MaterializeResult]:
    """The deliveries of lsoa_neighbourhood that count, one version a slot."""
    yield from register_source("lsoa_neighbourhood", pipeline, landing, archive, warehouse, notifier)
