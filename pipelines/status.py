"""What the commands status, verify and explain say. Reads only; every number comes from a manifest or a log."""

from __future__ import annotations

import json
from datetime import date

import typer
from rich.console import Console
from rich.table import Table

from assets.clock import evaluation_date
from assets.raw.registration import current as counting
from assets.release import folder
from assets.release.folder import Released, ReleaseError
from assets.release.timeliness import missing_when_due
from assets.setup import SOURCES
from expectations.contracts import PARTNERS
from methods.periods import financial_year
from pipelines.workspace import Workspace, WorkspaceError


def _console() -> Console:
    return Console(soft_wrap=True, highlight=False)


def show_status(workspace: Workspace) -> None:
    """Deliveries, lateness, verdict of each measure, last release: one screen."""
    register, console = workspace.register, _console()
    receipts = workspace.archive.receipts()
    as_of = evaluation_date(workspace.settings.as_of, register.clock, receipts, date.today())
    console.print(f"{register.name}, evaluated as of {as_of}")
    table = Table("source", "owner", "deliveries", "covers", "state")
    for name in SOURCES.values():
        held = counting([r for r in receipts if r.source == name])
        months = sorted(r.month for r in held.values() if r.month)
        days = register.sources[name].expected_days_after_period
        late = missing_when_due(held.values(), register.area.forces, as_of, days) if months and days is not None else []
        table.add_row(
            name,
            register.sources[name].owner,
            str(len(held)),
            f"{months[0]} to {months[-1]}" if months else "",
            f"late: {late[0].split()[-1]}" if late else "received" if held else "never delivered",
        )
    console.print(table)
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
    for alert in workspace.notifier.unsent():
        console.print(f"alert not sent yet: {alert.subject}")


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
    """Whether a release is what its manifest says and the archive holds what it was made from; 0 or 1."""
    releases = workspace.pipeline.releases
    link = releases / "current"
    target = releases / (link.readlink().name if name == "current" and link.is_symlink() else name)
    if not target.is_dir():
        raise ReleaseError(f"there is no release {name}: safer-outcomes status names the last one")
    faults = folder.faults_of(target)
    manifest = {} if faults else json.loads((target / folder.MANIFEST).read_text(encoding="utf-8"))
    for delivery in manifest.get("deliveries", []):
        state = workspace.archive.verify(delivery["sha256"])
        if state != "ok":
            faults.append(f"archived delivery {delivery['sha256'][:12]} ({delivery['slot']}) is {state}")
    for fault in faults:
        typer.echo(f"error: release {target.name}: {fault}", err=True)
    if faults:
        return 1
    files, deliveries = len(manifest["files"]), len(manifest["deliveries"])
    typer.echo(
        f"Release {target.name} is whole: {files} files and {deliveries} archived deliveries agree with its manifest."
    )
    return 0


def show_explained(workspace: Workspace, measure: str, period: str) -> int:
    """Figures of a measure, then the checks, table versions and files behind them."""
    released = folder.current(workspace.pipeline.releases)
    if released is None:
        raise ReleaseError("no release yet: run safer-outcomes refresh")
    if measure not in released.manifest["measures"]:
        raise ReleaseError(f"no measure {measure}: known are {', '.join(released.manifest['measures'])}")
    said = released.manifest["measures"][measure]
    source = _opened(workspace, said["held_from"]) if said["held_from"] else released
    console = _console()
    console.print(f"{measure} {said['name']}: {said['state'].replace('_', ' ')} in release {released.id}")
    for reason in said["reasons"]:
        console.print(f"  {reason}")
    if said["held_from"]:
        console.print(f"  figures from release {said['held_from']}, as at {said['as_at']}")
    _figures(console, source, measure, period)
    manifest, tables = source.manifest, set(said["tables"])
    for name in said["tables"]:
        if name in manifest["tables"]:
            console.print(f"table {name}  sha256 {manifest['tables'][name]['sha256']}")
    for check in manifest["checks"]:
        if check["table"] in tables:
            console.print(f"check {check['table']}/{check['rule']}  {check['severity']}  {check['verdict']}")
    for delivery in manifest["deliveries"]:
        if delivery["counts"] and f"raw_{delivery['source']}" in tables and _covers(delivery["slot"], period):
            console.print(
                f"file {delivery['source']} {delivery['slot']}  {delivery['rows']} rows  archive/{delivery['sha256']}"
            )
    return 0


def _opened(workspace: Workspace, name: str) -> Released:
    return folder.opened(workspace.pipeline.releases / name)


def _figures(console: Console, released: Released, measure: str, period: str) -> None:
    rows = released.figures()
    rows = rows[rows["measure"] == measure]
    if period:
        year = len(period) == len("2016-17") and not period[5:].startswith("0") and int(period[5:]) > 12
        at = rows["period_end"].str[:7]
        rows = rows[(at.map(financial_year) == period) & (rows["period_kind"] == "fy")] if year else rows[at == period]
    else:
        rows = rows[rows["period_kind"] == "fy"]
    shown = rows[rows["part"] != "neighbourhood"] if not period else rows
    for row in shown.itertuples():
        value = row.symbols if row.value != row.value else f"{row.value!r} {row.unit}"
        made = "" if row.numerator != row.numerator else f" = {row.numerator:,.0f} / {row.denominator:,.0f}"
        note = f"  ({row.note})" if row.note else ""
        console.print(f"figure {row.part} {row.area_name} {row.period_start} to {row.period_end}: {value}{made}{note}")


def _covers(slot: str, period: str) -> bool:
    month = slot.rpartition("/")[2]
    if not period or len(month) != len("2016-04") or "/" not in slot:
        return True
    return month == period or financial_year(month) == period
