"""What every asset step shares: reading upstream tables with their hashes, writing tables, reporting them to Dagster.

Here: the few lines that would otherwise stand in each thin asset. Not here: any computation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

import dagster as dg
import pandas as pd
import pyarrow as pa

from assets import alerts
from assets.raw.registration import Registration, Terms, current, delivered_table, register
from assets.setup import Pipeline
from expectations.contracts import TABLES
from expectations.contracts.model import Table
from resources.archive import Archive, ArchiveError, Receipt, Refusal
from resources.landing import Landing
from resources.notifier import Notifier
from resources.pull import Pull
from resources.warehouse import Warehouse


def terms_of(source: str, pipeline: Pipeline) -> Terms:
    """What the register and the environment say of how a source delivers."""
    record = pipeline.register.sources.get(source)
    if record is None or record.kind != "partner":
        return Terms()
    pull = record.pull and Pull(
        url=pipeline.pull_url(source),
        query=record.pull.query,
        coverage=_days(record.pull.coverage_start, record.pull.coverage_end),
        coverage_query=record.pull.coverage_query,
    )
    return Terms(record.sheet, record.date_order, pull or None)


def _days(first: date | None, last: date | None) -> tuple[str, str] | None:
    return (first.isoformat(), last.isoformat()) if first and last else None


def take_in(source: str, pipeline: Pipeline, landing: Landing, archive: Archive, notifier: Notifier) -> Registration:
    """Register what lies in landing for a source and what its pull brings; tell its owner of every refusal, once."""
    found = register(source, landing, archive, pipeline.seen, terms_of(source, pipeline))
    tell_refused(source, found.refused, pipeline, archive, notifier)
    return found


def tell_refused(
    source: str, refused: Sequence[Refusal], pipeline: Pipeline, archive: Archive, notifier: Notifier
) -> None:
    """Tell of the deliveries of a source that lie refused in landing, and of those that do so no more; empty: of no source."""
    # One that was still being written is not at fault: it is read again, and late if it never holds still.
    lying = {refusal.name: refusal for refusal in refused if refusal.reason != "changing"}
    seen = alerts.of_refusals(
        pipeline, source, [(r.name, r.reason, r.message, ".".join(map(str, r.stamp))) for r in lying.values()]
    )
    names = {observed.case for observed in seen}
    over = [case for case in notifier.open_cases(f"refused:{source}:") if case.name not in names]
    rows = counting_rows(archive.receipts(source), source) if over else 0
    notifier.tell([*seen, *alerts.no_longer_refused(pipeline, source, over, rows)])


def counting_rows(receipts: Sequence[Receipt], source: str) -> int:
    """Rows of the deliveries of a source that count."""
    return int(delivered_table(receipts, source)["delivered_rows"].sum())


def register_source(
    source: str, pipeline: Pipeline, landing: Landing, archive: Archive, warehouse: Warehouse, notifier: Notifier
) -> Iterator[dg.MaterializeResult]:
    """The whole of a raw asset: take in what was delivered and list the deliveries that count."""
    found = take_in(source, pipeline, landing, archive, notifier)
    rows = delivered_table(archive.receipts(source), source)
    counts = {
        "accepted": len(found.accepted),
        "repeated": found.repeated,
        "refused": len(found.refused),
        "ignored": found.ignored,
    }
    yield from write(warehouse, [(TABLES[f"raw_{source}"], rows)], {}, counts)


def read(warehouse: Warehouse, *names: str) -> tuple[dict[str, pd.DataFrame], dict[str, str]]:
    """Upstream tables from one snapshot: their rows, and the hash of what was really read."""
    tables, hashes = warehouse.read([TABLES[name] for name in names])
    return {name: rows.to_pandas() for name, rows in tables.items()}, hashes


def write(
    warehouse: Warehouse,
    tables: Sequence[tuple[Table, pd.DataFrame | pa.Table]],
    inputs: Mapping[str, str],
    counts: Mapping[str, int | str] | None = None,
) -> Iterator[dg.MaterializeResult]:
    """Swap the tables in one transaction, then report each to Dagster under its content hash."""
    contents = warehouse.replace(tables, inputs=inputs)
    for table, _ in tables:
        content = contents[table.name]
        yield dg.MaterializeResult(
            asset_key=table.name,
            data_version=dg.DataVersion(content.content_hash),
            metadata={"dagster/row_count": content.row_count, "content_hash": content.content_hash, **(counts or {})},
        )


def archived(archive: Archive, sha256: str) -> Path:
    """The archived file, proven to hold the delivered bytes.

    Raises:
        ArchiveError: it is gone or not what was delivered.
    """
    state = archive.verify(sha256)
    purged = archive.purged() if state == "missing" else {}
    if sha256 in purged:
        raise ArchiveError(
            f"archived delivery {sha256[:12]} was purged on {purged[sha256][:10]}, and its table must be made anew: have it sent"
            " again, or a newer extract of the same days; until then the measures made from it are held"
        )
    if state != "ok":
        raise ArchiveError(
            f"archived delivery {sha256[:12]} is {state}: restore it from backup, or deliver the file again"
        )
    return archive.path(sha256)


def delivered_file(archive: Archive, source: str) -> Path:
    """The archived file that counts for a source with one slot."""
    counting = current(archive.receipts(source))
    if source not in counting:
        raise ArchiveError(f"nothing was delivered for {source}: put its file into landing")
    return archived(archive, counting[source].sha256)
