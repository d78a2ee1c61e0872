"""The release: reads the evidence itself, lets out what its gate allows, and swaps `current`. Its own job.

Here: reading from warehouse, Dagster and the release before; writing the folder. Decisions: `gate.py`, `compose.py`.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Any

import dagster as dg
import pandas as pd
import pyarrow as pa

from assets import alerts
from assets.clock import evaluation_date
from assets.release import (
    demanded,
    editions,
    evidence_file,
    explained,
    folder,
    history,
    in_ui,
    published,
    revisions,
)
from assets.release.compose import Before, Decided, Known, decide
from assets.release.downloads import downloads
from assets.release.evidence import read_evidence
from assets.release.folder import Released
from assets.release.manifest import manifest, told_apart
from assets.release.pages import render
from assets.release.process import newest_signal
from assets.release.shown import analysts_view, computed, release_view
from assets.release.timeliness import late_sources
from assets.setup import Pipeline
from expectations.contracts import PARTNERS, TABLES, Table, police_street
from resources.archive import Archive
from resources.notifier import Notifier
from resources.warehouse import Snapshot, Warehouse


@dataclass(frozen=True)
class Outcome:
    """What became of a release: its id, whether it is new, and each measure's state with its reasons."""

    release: Released
    new: bool
    states: Mapping[str, tuple[str, tuple[str, ...]]]

    @property
    def held(self) -> dict[str, tuple[str, ...]]:
        """Measures that are held, with the reasons."""
        return {name: reasons for name, (state, reasons) in self.states.items() if state == "held"}


def publish(
    pipeline: Pipeline, archive: Archive, warehouse: Warehouse, notifier: Notifier, instance: dg.DagsterInstance
) -> Outcome:
    """Publish every measure whose gates are open; hold the others at their last good value.

    Raises:
        ReleaseError: the release before is damaged, or the new one cannot be written; nothing was published.
    """
    with folder.publishing(pipeline.releases):
        before = folder.current(pipeline.releases)
        compared = _compared_with(pipeline, before)
        known, months = _known(pipeline, archive, warehouse, instance, before)
        decided = decide(pipeline, known)
        unmarked = folder.csv_bytes(_stacked(d.figures for d in decided))

        def said_of(decided: list[Decided], data: bytes) -> dict[str, Any]:
            return manifest(
                pipeline,
                known,
                decided,
                parent=before.id if before else None,
                parent_sha256=folder.sha256_of(before.folder / folder.MANIFEST) if before else None,
                months=_months(decided, months, before),
                figures_sha256=hashlib.sha256(data).hexdigest(),
                content_sha256=hashlib.sha256(unmarked).hexdigest(),
            )

        said = said_of(decided, unmarked)
        states = {d.measure.id: (d.state, d.reasons) for d in decided}
        if before and folder.content_of(said) == folder.content_of(before.manifest):
            published.heal(warehouse, before)
            _tell(pipeline, notifier, decided, before.id)
            return Outcome(before, new=False, states=states)
        seen = release_view(pipeline, known, decided, said | {"id": ""})
        signals = {m.id: newest_signal(m, d.figures) for m, d in zip(seen.measures, decided, strict=True)}
        decided, revised = _revised(pipeline, decided, said, compared, signals)
        figures = _stacked(d.figures for d in decided)
        data = folder.csv_bytes(figures)
        said = said_of(decided, data) | told_apart(decided, compared.id if compared else None, len(revised))
        said["id"] = folder.release_id(said)
        view = release_view(pipeline, known, decided, said)
        files = {
            **render(view),
            **explained.pages(view, said, figures, lambda name: folder.opened(pipeline.releases / name)),
            folder.FIGURES: data,
            **downloads(view, figures),
            revisions.FILE: revisions.csv_bytes(revised),
        }
        analysis = {
            **render(analysts_view(pipeline, known, decided, view)),
            folder.FIGURES: folder.csv_bytes(_stacked(computed(known, d) for d in decided)),
        }
        folder.write_analysis(pipeline.data / "analysis", said["id"], analysis)
        evidence_file.write(pipeline, known, said, folder.full_manifest(said, files), analysis)
        released = folder.write_release(pipeline.releases, said, files)
        with published.swapped(warehouse, released):
            folder.make_current(pipeline.releases, released)
    _tell(pipeline, notifier, decided, released.id)
    return Outcome(released, new=True, states=states)


@dg.multi_asset(
    # Not an @asset: its step must not be called like the job.
    name="publish_release",
    specs=[
        dg.AssetSpec(
            "release",
            deps=[name for name in TABLES if name.startswith("outcome_")],
            group_name="release",
            kinds={"html", "csv", "parquet", "excel"},
            description=(
                "The newest draft release. Reads the recorded checks and the tables themselves, so it does not matter what"
                " ran before or who launched it: a measure without passing evidence for exactly this data stays at its"
                " last good value."
            ),
        )
    ],
)
def release(
    context: dg.AssetExecutionContext,
    config: in_ui.ReleaseConfig,
    pipeline: dg.ResourceParam[Pipeline],
    archive: dg.ResourceParam[Archive],
    warehouse: dg.ResourceParam[Warehouse],
    notifier: dg.ResourceParam[Notifier],
) -> dg.MaterializeResult:
    """Publish what the gates let out."""
    outcome = publish(in_ui.evaluated(pipeline, config), archive, warehouse, notifier, context.instance)
    return dg.MaterializeResult(
        data_version=dg.DataVersion(outcome.release.id),
        metadata=in_ui.metadata(outcome.release, outcome.new, outcome.states),
    )


class _Once(Snapshot):
    """A snapshot that reads a table once, however often it is asked for; for tables that are small."""

    def __init__(self, snapshot: Snapshot, wanted: frozenset[str]):
        super().__init__(snapshot.connection)
        self._wanted = wanted
        self._held: dict[str, pa.Table] = {}

    def read(self, table: Table) -> pa.Table:
        if table.name not in self._wanted:
            return super().read(table)
        if table.name not in self._held:
            self._held[table.name] = super().read(table)
        return self._held[table.name]


_OUTCOMES = tuple(name for name in TABLES if name.startswith("outcome_"))
_COUNTS = (police_street.COMPLETENESS.name, *(s.completeness.name for s in PARTNERS.values()))
_REJECTS = {source.quarantine.name: name for name, source in PARTNERS.items()}


def _known(
    pipeline: Pipeline, archive: Archive, warehouse: Warehouse, instance: dg.DagsterInstance, before: Released | None
) -> tuple[Known, dict[str, list[str]]]:
    """Everything the decision needs, the tables from one snapshot."""
    receipts = archive.receipts()
    as_of = evaluation_date(pipeline.as_of, pipeline.register.clock, receipts, date.today())
    with warehouse.snapshot() as opened:
        snapshot = _Once(opened, frozenset({*_OUTCOMES, *_COUNTS, *_REJECTS}))
        evidence = read_evidence(instance, snapshot, TABLES.values(), pipeline.required)

        def frames(names: Iterable[str]) -> dict[str, pd.DataFrame]:
            return {name: snapshot.frame(TABLES[name]) for name in names if evidence[name].hash_read}

        outcomes, counts, rejects = frames(_OUTCOMES), frames(_COUNTS), frames(_REJECTS)
    rows = before.figures() if before else pd.DataFrame()
    known = Known(
        evidence=evidence,
        outcomes=outcomes,
        receipts=receipts,
        late={name: late.sentence for name, late in late_sources(pipeline.register, receipts, as_of).items()},
        before=_last_good(before, rows),
        hidden=history.read(history.ancestry(pipeline.releases, before), pipeline.data / "analysis"),
        as_of=as_of,
        rejects={
            _REJECTS[name]: {str(reason): int(count) for reason, count in table["reason"].value_counts().items()}
            for name, table in rejects.items()
        },
    )
    return known, _months_held(counts)


def _last_good(before: Released | None, rows: pd.DataFrame) -> dict[str, Before]:
    """Last good rows by measure: those of the release before, or those that it held itself."""
    found = {}
    for name, said in (before.manifest["measures"] if before else {}).items():
        mine = rows[rows["measure"] == name]
        if said["state"] in ("published", "in_development"):
            found[name] = Before(before.id if before else "", mine, said.get("out_turns", {}))
        elif said["state"] == "held" and said["held_from"]:
            found[name] = Before(said["held_from"], mine, said.get("out_turns", {}))
    return found


def _months_held(counts: Mapping[str, pd.DataFrame]) -> dict[str, list[str]]:
    """Months with rows in the area, by force; months received whole, by partner source."""
    found = {}
    for name, source in ((s.completeness.name, source) for source, s in PARTNERS.items()):
        if name in counts:
            found[source] = sorted(set(counts[name].loc[counts[name]["received"] == 1, "month"]) - {""})
    street = counts.get(police_street.COMPLETENESS.name)
    if street is not None:
        there = street[street["in_area"].fillna(0) > 0]
        found |= {str(force): sorted(rows["month"]) for force, rows in there.groupby("force")}
    return found


def _months(decided: list[Decided], now: Mapping[str, list[str]], before: Released | None) -> dict[str, list[str]]:
    """Months that later releases must still have: while anything is held, none of the earlier ones is forgotten."""
    if not before or not any(d.state == "held" for d in decided):
        return dict(now)
    old: Mapping[str, list[str]] = before.manifest["months"]
    return {name: sorted({*old.get(name, ()), *now.get(name, ())}) for name in {*old, *now}}


def _stacked(tables: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Rows of all measures, in the order of the register and of the contract's key."""
    parts, columns = [table for table in tables if len(table)], list(folder.COLUMNS)
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def _compared_with(pipeline: Pipeline, before: Released | None) -> Released | None:
    """The release that readers know: the current edition, else the release before."""
    edition = editions.standing(pipeline.data)
    return folder.opened(pipeline.releases / edition.release) if edition else before


def _revised(
    pipeline: Pipeline,
    decided: list[Decided],
    said: Mapping[str, Any],
    compared: Released | None,
    signals: Mapping[str, str],
) -> tuple[list[Decided], list[revisions.Revision]]:
    """The measures with their revisions and what these demand; all revisions."""
    if compared is None:
        had, found = pd.DataFrame(columns=list(folder.COLUMNS)), []
    else:
        had = compared.figures()
        labels = {name: source.label for name, source in pipeline.register.sources.items()}
        causes = revisions.causes(said, compared.manifest, labels)
        found = revisions.revised(_stacked(d.figures for d in decided), had, causes)
    statuses = {name: m["board_status"] for name, m in (compared.manifest["measures"] if compared else {}).items()}
    newest = str(said["as_at"])

    def with_revisions(d: Decided) -> Decided:
        name = d.measure.id
        mine = [r for r in found if r.measure == name]
        rows = had[had["measure"] == name]
        wanted = demanded.demands(name, signals[name], rows, mine, d.decision.board_status, statuses.get(name))
        return replace(
            d,
            figures=revisions.marked(d.figures, mine),
            revisions=revisions.views(mine),
            commentary_wanted=() if demanded.is_met(name, d.as_at or newest, pipeline.register.commentary) else wanted,
        )

    return [with_revisions(d) for d in decided], found


def _tell(pipeline: Pipeline, notifier: Notifier, decided: Iterable[Decided], release_id: str) -> None:
    """Tell of measures that changed to held, or are so no more; each time, for a run may have been killed before it told."""
    notifier.tell(
        [alerts.of_measure(pipeline, d.measure.id, d.state, tuple(s.text for s in d.shut)) for d in decided],
        partial(alerts.release_words, pipeline, release_id),
        together=True,
    )
