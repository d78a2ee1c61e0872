"""What the commands status, verify, explain, approve and retract say; every number comes from a manifest or a log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from assets.alerts import day
from assets.clock import evaluation_date
from assets.raw.registration import current as counting
from assets.release import editions, folder
from assets.release.explained import Asked, explain
from assets.release.folder import ReleaseError
from assets.release.proof import prove
from assets.release.timeliness import late_sources
from assets.setup import SOURCES
from expectations.contracts import PARTNERS
from pipelines.workspace import Workspace, WorkspaceError


def _console() -> Console:
    return Console(soft_wrap=True, highlight=False)


def show_status(workspace: Workspace) -> None:
    """Deliveries, lateness, verdict of each measure, last release: one screen."""
    register, console = workspace.register, _console()
    receipts = workspace.archive.receipts()
    as_of = evaluation_date(workspace.settings.as_of, register.clock, receipts, date.today())
    console.print(f"{register.name}, evaluated as of {as_of}")
    late = late_sources(register, receipts, as_of)
    table = Table("source", "owner", "deliveries", "covers", "state")
    for name in SOURCES.values():
        held = counting([r for r in receipts if r.source == name])
        months = sorted(r.month for r in held.values() if r.month)
        table.add_row(
            name,
            register.sources[name].owner,
            str(len(held)),
            f"{months[0]} to {months[-1]}" if months else "",
            f"late: {late[name].month}" if name in late else "received" if held else "never delivered",
        )
    console.print(table)
    meeting = register.board_meetings.upcoming(as_of)
    if meeting:
        urgent = late and register.board_meetings.pressing(as_of)
        console.print(f"The Board meets on {day(meeting)}{': what is late is urgent' if urgent else ''}.")
    released = folder.current(workspace.pipeline.releases)
    if released is None:
        console.print("No release yet: run safer-outcomes refresh.")
        return
    table = Table("measure", "state", "as at", "why")
    for name, said in released.manifest["measures"].items():
        table.add_row(
            f"{name} {said['name']}", said["state"].replace("_", " "), said["as_at"], " ".join(said["reasons"])
        )
    console.print(table)
    console.print(f"Release {released.id}: {released.folder / 'index.html'}")
    edition = editions.standing(workspace.pipeline.data)
    if edition:
        console.print(
            f"Edition {edition.release}, approved by {edition.approved['by']} on {edition.approved['at'][:10]}."
        )
    for name, why in released.manifest.get("commentary_wanted", {}).items():
        console.print(f"commentary awaited of {name}: {why[0]}", markup=False)
    for case in workspace.notifier.open_cases():
        console.print(f"open since {case.since[:10]}: {case.subject}", markup=False)
    for alert in workspace.notifier.unsent():
        console.print(f"alert not sent yet: {alert.subject}", markup=False)


def show_rejects(workspace: Workspace, source: str) -> None:
    """Every row of a source that was set aside: file as delivered, row below the header, reason."""
    if source not in PARTNERS:
        raise WorkspaceError(f"no partner source is called {source}: choose one of {', '.join(PARTNERS)}")
    with workspace.warehouse.snapshot() as snapshot:
        rows = snapshot.frame(PARTNERS[source].quarantine)
    names = {receipt.sha256: receipt.name for receipt in workspace.archive.receipts(source)}
    table = Table("file", "row", "reason")
    for row in rows.itertuples():
        table.add_row(names.get(row.sha256, row.sha256[:12]), str(row.row_number), row.reason.replace("_", " "))
    console = _console()
    console.print(table)
    console.print(f"{len(rows)} rows of {source} set aside; row 1 is the first below the header.")


def show_verified(workspace: Workspace, name: str) -> int:
    """Whether a release is what its manifest, archive, evidence, neighbours and the log say; 0 or 1."""
    proof = prove(workspace.pipeline, workspace.archive, name)
    for note in proof.notes:
        typer.echo(f"note: {note}")
    for fault in proof.faults:
        typer.echo(f"error: release {proof.release}: {fault}", err=True)
    if proof.faults:
        return 1
    made = editions.editions(editions.log_of(workspace.pipeline.data).records())
    typer.echo(
        f"Release {proof.release} is whole: {proof.files} files, {proof.deliveries} archived deliveries, its evidence and"
        f" {proof.before} releases before it agree with its manifest; {len(made)} editions agree with the log."
    )
    return 0


def approve(workspace: Workspace, name: str, by: str, reason: str) -> int:
    """Make a release an edition, once it is proven; 0 or 1."""
    if name == "current" or not (workspace.pipeline.releases / name).is_dir():
        newest = folder.current_name(workspace.pipeline.releases) or "none yet"
        raise ReleaseError(f"no release {name}: name the one you have read by its id; the newest is {newest}")
    pending = editions.unfinished(workspace.pipeline.data)
    proof = prove(workspace.pipeline, workspace.archive, name, but_editions=pending)
    for fault in proof.faults:
        typer.echo(f"error: release {proof.release} is not approved: {fault}", err=True)
    if proof.faults:
        return 1
    edition, new = editions.approve(workspace.pipeline.data, name, by, reason)
    _told(workspace, edition, "is now an edition" if new else "was approved already", edition.approved)
    return 0


def retract(workspace: Workspace, name: str, by: str, reason: str) -> int:
    """Mark an edition as retracted; 0."""
    edition, new = editions.retract(workspace.pipeline.data, name, by, reason)
    _told(workspace, edition, "is retracted" if new else "was retracted already", edition.retracted or {})
    return 0


def _told(workspace: Workspace, edition: editions.Edition, what: str, record: Mapping[str, Any]) -> None:
    root = workspace.pipeline.data / "editions"
    typer.echo(
        f"Release {edition.release} {what}: by {record['by']}, {record['reason']} (record {record['number']} of the log)."
    )
    current = editions.standing(workspace.pipeline.data)
    typer.echo(f"Current edition: {current.release if current else 'none'}. All editions: {root / 'index.html'}")


def show_explained(workspace: Workspace, measure: str, asked: Asked) -> int:
    """What is behind the figures of a measure: decision, checks, table versions, files and whether the archive has them."""
    releases = workspace.pipeline.releases
    released = folder.current(releases)
    if released is None:
        raise ReleaseError("no release yet: run safer-outcomes refresh")
    said = released.manifest
    if measure not in said["measures"]:
        raise ReleaseError(f"no measure {measure}: known are {', '.join(said['measures'])}")
    held_from = said["measures"][measure]["held_from"]
    source = folder.opened(releases / held_from).manifest if held_from else said
    told = explain(said, source, released.figures(), measure, asked)
    kept, console = _kept(workspace), _console()
    console.print(f"{told.measure} {told.name}, release {released.id}")
    for line in told.opening:
        console.print(line, markup=False)
    for section in told.sections:
        console.print(f"\n{section.title}: {'' if section.rows else 'none'}")
        for row in section.rows:
            state = f"  {kept(row[-1])}" if section.head[-1] == "SHA-256" else ""
            console.print(f"  {'  '.join(cell for cell in row if cell)}{state}", markup=False)
    return 0


def _kept(workspace: Workspace) -> Callable[[str], str]:
    """Says whether the archive holds a delivery's bytes."""
    held, purged = workspace.archive.held(), workspace.archive.purged()
    return lambda sha: "in archive" if sha in held else f"purged on {purged[sha][:10]}" if sha in purged else "missing"
