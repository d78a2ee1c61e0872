"""The raw step of a partner source: one asset a source, all alike.

Here: the factory. Not here: which deliveries are good and count (`registration.py`), and any computation.
"""

from collections.abc import Iterator

import dagster as dg

from assets.setup import Pipeline
from assets.steps import register_source
from resources.archive import Archive
from resources.landing import Landing
from resources.notifier import Notifier
from resources.warehouse import Warehouse


def raw_asset(source: str) -> dg.AssetsDefinition:
    """The asset `raw_<source>`: registers what was delivered or pulled and archives it; changes nothing."""

    @dg.asset(name=f"raw_{source}", description=f"The deliveries of {source} that count, each for its days.")
    def registered(
        pipeline: dg.ResourceParam[Pipeline],
        landing: dg.ResourceParam[Landing],
        archive: dg.ResourceParam[Archive],
        warehouse: dg.ResourceParam[Warehouse],
        notifier: dg.ResourceParam[Notifier],
    ) -> Iterator[dg.MaterializeResult]:
        yield from register_source(source, pipeline, landing, archive, warehouse, notifier)

    return registered
