"""A data folder that releases are published into, cheaply: invented tables and evidence, real archive, warehouse and folders.

The pages are stand-ins (a chart costs more than all the rest), with the draft banner that real ones have.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pandas as pd

from assets.release import release as step
from assets.release.release import Outcome, publish
from assets.release.view import ReleaseView
from assets.setup import Pipeline
from expectations.contracts import PARTNERS, TABLES, Table, police_street
from methods.periods import month_range
from resources.archive import Archive, Receipt
from resources.warehouse import Warehouse
from tests.database import url_of
from tests.release import computed

MEASURES = ("SP01", "SP05", "SP09")
MONTHS = month_range(computed.FIRST, computed.LAST)


def stand_in(view: ReleaseView) -> dict[str, bytes]:
    """Pages that say the least, and everything that a release's own pages depend on."""
    page = f"<!--phase-->Draft<!--/phase--><p>{view.release_id} {view.compared_with}"
    told = [f"<li>{m.id} {m.commentary_wanted} {m.revisions}" for m in view.measures]
    return {"index.html": (page + "".join(told)).encode(), "static/safer.css": b"p{}", "charts/a.svg": b"<svg/>"}


@cache
def _base() -> Pipeline:
    return computed.pipeline(Path())


@dataclass
class Published:
    """One data folder."""

    data: Path
    as_of: date = computed.AS_OF
    measures: tuple[str, ...] = MEASURES
    receipts: Callable[[], list[Receipt]] = computed.receipts
    evidence: Callable[[Pipeline], Mapping[str, Any]] = computed.evidence

    @property
    def pipeline(self) -> Pipeline:
        base = _base()
        few = {name: base.register.measures[name] for name in self.measures}
        return replace(
            base, data=self.data, as_of=self.as_of, register=base.register.model_copy(update={"measures": few})
        )

    @property
    def archive(self) -> Archive:
        return Archive(self.data / "archive")

    @contextmanager
    def warehouse(self) -> Iterator[Warehouse]:
        pipeline = self.pipeline
        opened = Warehouse(url_of(self.data), pipeline.register.slug, pipeline.version)
        try:
            yield opened
        finally:
            opened.close()

    def fill(self) -> None:
        """Archive and warehouse as a first refresh would leave them."""
        self.data.mkdir(parents=True)
        archive = self.archive
        for receipt in self.receipts():
            # The invented hash of a delivery is that of these bytes.
            archive.path(receipt.sha256).write_bytes(f"{receipt.source} {receipt.slot}".encode())
        lines = [json.dumps(asdict(receipt)) + "\n" for receipt in self.receipts()]
        (self.data / "archive" / "receipts.jsonl").write_text("".join(lines))
        tables: list[tuple[Table, Any]] = [(TABLES[n], rows) for n, rows in computed.outcomes(self.pipeline).items()]
        for source in PARTNERS.values():
            numbers = dict.fromkeys(
                ("delivered_rows", "quarantined", "superseded", "repeated", "out_of_scope", "counted"), 0
            )
            rows = [{"month": m, "received": 1, "previous_rows": None, **numbers} for m in MONTHS]
            tables.append((source.completeness, pd.DataFrame(rows).astype({"previous_rows": "Int64"})))
            none = pd.DataFrame({"sha256": [], "row_number": [], "reason": []})
            tables.append((source.quarantine, none.astype({"sha256": "str", "row_number": "int64", "reason": "str"})))
        street = {
            c.name: [0] * len(MONTHS) if c.type != "string" else [""] * len(MONTHS)
            for c in police_street.COMPLETENESS.columns
        }
        street |= {"force": ["vale-and-moor"] * len(MONTHS), "month": MONTHS, "in_area": [9] * len(MONTHS)}
        tables.append((police_street.COMPLETENESS, pd.DataFrame(street)))
        with self.warehouse() as warehouse:
            warehouse.replace(tables, inputs={})

    def copy(self, data: Path) -> Published:
        """The same in another folder."""
        shutil.copytree(self.data, data, symlinks=True)
        return replace(self, data=data)

    def outcome(self, measure: str) -> pd.DataFrame:
        """Internal rows of a measure."""
        with self.warehouse() as warehouse, warehouse.snapshot() as snapshot:
            return snapshot.frame(TABLES[self.pipeline.register.measures[measure].outcome_table])

    def change(self, measure: str, rows: pd.DataFrame) -> None:
        """Replace the internal rows of a measure."""
        with self.warehouse() as warehouse:
            warehouse.replace([(TABLES[self.pipeline.register.measures[measure].outcome_table], rows)], inputs={})

    def publish(self) -> Outcome:
        """Publish once, with all evidence good."""
        pipeline, found = self.pipeline, dict(self.evidence(self.pipeline))
        own = {m.outcome_table for m in pipeline.register.measures.values()}
        for name in found:
            if name.startswith("outcome_") and name not in own:
                found[name] = replace(found[name], hash_read=None)
        notifier = SimpleNamespace(tell=lambda *_, **__: None)
        with (
            self.warehouse() as warehouse,
            patch.object(step, "read_evidence", lambda *_: found),
            patch.object(step, "render", stand_in),
        ):
            return publish(pipeline, self.archive, warehouse, notifier, None)  # type: ignore[arg-type]

    @property
    def current(self) -> Path:
        """Folder of the current release."""
        return self.data / "releases" / (self.data / "releases" / "current").readlink()

    def figures(self, measure: str) -> pd.DataFrame:
        """Published rows of a measure."""
        rows = pd.read_csv(self.current / "outcomes.csv", keep_default_na=False, dtype=str)
        return rows[rows["measure"] == measure]

    def tree(self, *tops: str) -> dict[str, bytes | str]:
        """All files and links below these folders of the data folder, by name."""
        found: dict[str, bytes | str] = {}
        for top in tops:
            for path in sorted((self.data / top).rglob("*")):
                if path.is_symlink():
                    found[path.relative_to(self.data).as_posix()] = f"-> {path.readlink()}"
                elif path.is_file() and path.name != ".lock":
                    found[path.relative_to(self.data).as_posix()] = path.read_bytes()
        return found


def grown(rows: pd.DataFrame, by: float, where: pd.Series) -> pd.DataFrame:
    """Rows with more counted and a higher value, limits moved alike, where it says so."""
    more = {name: rows[name].where(~where, rows[name] * by) for name in ("numerator", "value", "lower", "upper")}
    return rows.assign(**more)
