"""The command line. Here: options, words and exit codes. Not here: any work (`refresh.py`, `assets/`).

Exit codes: 0 done; 3 a measure is held; 1 an error or a refused delivery; 2 a wrong option. Dagster, SQLAlchemy and pandas are
imported only where a command needs them, so that a refresh with nothing new answers at once.
"""

from __future__ import annotations

import functools
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines import deployed, fingerprint
from pipelines.failures import is_foreseen, line_of
from pipelines.settings import ROOT, Settings, read_settings

if TYPE_CHECKING:
    from pipelines.refresh import Refreshed
    from pipelines.workspace import Workspace

HELD = 3
FAILED = 1

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Safer Outcomes: from delivered files to a gated release of a partnership's performance measures.",
)

LandingDir = Annotated[Path | None, typer.Option(help="Where partners deliver.", show_default="<data>/landing")]
Partnership = Annotated[Path | None, typer.Option(help="Folder of the partnership's register.")]
Data = Annotated[Path | None, typer.Option(help="Data folder of the partnership.", show_default="data")]
AsOf = Annotated[
    datetime | None,
    typer.Option("--as-of", formats=["%Y-%m-%d"], help="Evaluation date, instead of the partnership's clock."),
]
ReleaseId = Annotated[str, typer.Argument(help="Id of a release, such as 2016-03-0a1b2c3d4e5f.")]
By = Annotated[str, typer.Option(help="Name of who does it; it is shown.")]
Reason = Annotated[str, typer.Option(help="Why; it is shown.")]


def main() -> None:
    """Run the command line; an error that a reader can act on is one line and never a traceback."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    try:
        app()
    except BrokenPipeError:
        sys.exit(FAILED)


@app.command()
def refresh(landing: LandingDir = None, partnership: Partnership = None, data: Data = None, as_of: AsOf = None) -> None:
    """Take in deliveries, run what is out of date, release what the gate lets out."""
    with plainly():
        settings = _settings(landing=landing, partnership=partnership, data=data, as_of=as_of)
        code = _nothing_new(settings)
        raise typer.Exit(_refresh(settings) if code is None else code)


@app.command()
def status(landing: LandingDir = None, partnership: Partnership = None, data: Data = None, as_of: AsOf = None) -> None:
    """Deliveries, lateness, gate verdict of each measure, last release."""
    with plainly():
        from pipelines.status import show_status

        show_status(_open(_settings(landing=landing, partnership=partnership, data=data, as_of=as_of)))


@app.command()
def verify(
    release: Annotated[str, typer.Argument(help="Id of the release.", show_default="the current one")] = "current",
    data: Data = None,
    partnership: Partnership = None,
) -> None:
    """Prove a release: files, manifest, archived deliveries, evidence, the releases around it, editions and the log."""
    with plainly():
        from pipelines.status import show_verified

        raise typer.Exit(show_verified(_open(_settings(data=data, partnership=partnership)), release))


@app.command()
def approve(release: ReleaseId, by: By, reason: Reason, data: Data = None, partnership: Partnership = None) -> None:
    """Make a draft release an edition, for the public."""
    with plainly():
        from pipelines import status

        raise typer.Exit(status.approve(_open(_settings(data=data, partnership=partnership)), release, by, reason))


@app.command()
def retract(edition: ReleaseId, by: By, reason: Reason, data: Data = None, partnership: Partnership = None) -> None:
    """Mark an edition as retracted; it stays visible and says so."""
    with plainly():
        from pipelines import status

        raise typer.Exit(status.retract(_open(_settings(data=data, partnership=partnership)), edition, by, reason))


@app.command()
def explain(
    measure: Annotated[str, typer.Argument(help="Id of a measure, such as SP01.")],
    period: Annotated[
        str,
        typer.Option(help="Last month of the period (2016-09), a quarter (2016-17Q2), or a financial year (2016-17)."),
    ] = "",
    part: Annotated[str, typer.Option(help="Part of the measure, such as gap.")] = "",
    breakdown: Annotated[str, typer.Option(help="Breakdown, such as agency=police.")] = "",
    data: Data = None,
    partnership: Partnership = None,
) -> None:
    """From a published figure back to its checks, table versions and delivered files."""
    with plainly():
        from pipelines.status import show_explained

        if period and not re.fullmatch(r"\d{4}-\d{2}(Q[1-4])?", period):
            _fail(
                "--period is not a month (2016-09), quarter (2016-17Q2) or financial year (2016-17): write it like one"
            )
        from assets.release.explained import Asked

        workspace = _open(_settings(data=data, partnership=partnership))
        raise typer.Exit(show_explained(workspace, measure.upper(), Asked(period, part, breakdown)))


@app.command()
def sample(
    out: Annotated[Path, typer.Option(help="Folder to write the deliveries to.")],
    seed: Annotated[int, typer.Option(help="Another seed makes another city's numbers.")] = 7,
    months: Annotated[int, typer.Option(help="Months from April 2013.")] = 36,
    scale: Annotated[float, typer.Option(help="Share of the usual number of rows and residents.")] = 1.0,
    faults: Annotated[str, typer.Option(help="Names of faults to plant, separated by commas; 'list' shows them.")] = "",
) -> None:
    """Synthetic deliveries for a fictional city, with planted faults by name."""
    with plainly():
        from sample.generator import ALL_FAULTS, generate

        if faults == "list":
            for fault in ALL_FAULTS.values():
                typer.echo(f"{fault.name:34} {fault.what} (expected: {fault.expected})")
            return
        names = [name.strip() for name in faults.split(",") if name.strip()]
        made = generate(out, seed=seed, months=months, scale=scale, faults=names)
        planted = f", faults planted: {', '.join(names)}" if names else ""
        typer.echo(f"Synthetic deliveries for a fictional city in {out}: {len(made.files)} files{planted}.")


@app.command()
def template(
    source: Annotated[str, typer.Argument(help="Name of a source, such as pdas_referral.")],
    out: Annotated[Path, typer.Option(help="Folder to write the two files to.")] = Path(),
    partnership: Partnership = None,
) -> None:
    """A blank delivery of a source to fill in, as a workbook that explains each column and as CSV."""
    with plainly():
        from expectations.contracts import PARTNERS
        from expectations.templates import csv_template, xlsx_template

        if source not in PARTNERS:
            _fail(f"no template for {source}: choose one of {', '.join(PARTNERS)}")
        from expectations.register import load_register

        record = load_register(_settings(partnership=partnership).partnership.absolute()).sources.get(source)
        delivery, sheet = PARTNERS[source].delivery, record.sheet if record else ""
        out.mkdir(parents=True, exist_ok=True)
        for name, data in (
            (f"{source}.csv", csv_template(delivery)),
            (f"{source}.xlsx", xlsx_template(delivery, sheet)),
        ):
            (out / name).write_bytes(data)
            typer.echo(f"{out / name}")


@app.command()
def rejects(
    source: Annotated[str, typer.Argument(help="Name of a source, such as pdas_referral.")],
    data: Data = None,
    partnership: Partnership = None,
) -> None:
    """Rows of a source that were set aside: file, row and reason, for its owner; never what a row says."""
    with plainly():
        from pipelines.status import show_rejects

        show_rejects(_open(_settings(data=data, partnership=partnership)), source)


@app.command()
def rekey(
    by: Annotated[str, typer.Option(help="Who asks for it.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    landing: LandingDir = None,
    partnership: Partnership = None,
    data: Data = None,
) -> None:
    """Move the whole history from SAFER_PSEUDONYM_KEY to SAFER_PSEUDONYM_KEY_NEW, and refresh with the new key."""
    with plainly():
        from pipelines.workspace import one_at_a_time, open_workspace

        settings = _settings(landing=landing, partnership=partnership, data=data)
        new = settings.pseudonym_key_new.get_secret_value()
        workspace = open_workspace(settings)
        with one_at_a_time(settings.data):
            from pipelines.rekey import rekey as move

            moved = move(workspace, new, by, reason)
            fingerprint.forget_note(settings.data)
        typer.echo(
            f"New key noted: {len(moved.counts)} counts are the same under both. Set SAFER_PSEUDONYM_KEY to it now."
        )
        raise typer.Exit(_refresh(settings.model_copy(update={"pseudonym_key": settings.pseudonym_key_new})))


def _deployed(command: Callable[..., None]) -> None:
    """A command of `deployed.py`, with errors in one line like the others."""

    @functools.wraps(command)
    def run(*arguments: object, **options: object) -> None:
        with plainly():
            command(*arguments, **options)

    app.command()(run)


for _command in (deployed.backup, deployed.restore, deployed.grants, deployed.health, deployed.prune):
    _deployed(_command)


@contextmanager
def plainly() -> Iterator[None]:
    """Turn every error into one line and an exit code; an unforeseen one is named by kind only, for it may hold data."""
    try:
        yield
    except (typer.Exit, typer.BadParameter, KeyboardInterrupt):
        raise
    except Exception as error:
        if os.environ.get("SAFER_DEBUG") and not is_foreseen(error):
            raise
        _fail(line_of(error))


def _fail(line: str) -> None:
    typer.echo(f"error: {line}", err=True)
    raise typer.Exit(FAILED)


def _settings(
    landing: Path | None = None,
    partnership: Path | None = None,
    data: Path | None = None,
    as_of: datetime | None = None,
) -> Settings:
    return read_settings(landing=landing, partnership=partnership, data_dir=data, as_of=as_of.date() if as_of else None)


def _open(settings: Settings) -> Workspace:
    from pipelines.workspace import dagster_environment, open_workspace

    workspace = open_workspace(settings)
    dagster_environment(settings.data, settings.dagster_url.get_secret_value())
    return workspace


def _nothing_new(settings: Settings) -> int | None:
    """Exit code of the last refresh if nothing at all changed since, else None. Looks at sizes and times of files only."""
    note = fingerprint.read_note(settings.data)
    if note is None or note.fingerprint != _fingerprint(settings):
        return None
    typer.echo(f"Nothing new since the last refresh. {note.message}")
    return note.exit_code


def _fingerprint(settings: Settings) -> str:
    """Everything that a refresh reads, and everything that the last one left."""
    from expectations.register import load_register
    from resources.landing import Landing

    register = load_register(settings.partnership.absolute())
    data = settings.data
    # What a database would give cannot be known without asking it.
    pulled = any(said.pull and settings.pull_url(name) for name, said in register.sources.items())
    as_of = settings.as_of or (datetime.now().date() if register.clock == "today" else "data")
    releases = data / "releases"
    current = releases / "current"
    return fingerprint.fingerprint(
        files=[
            *fingerprint.code_files(ROOT),
            *register.watched(),
            data / "warehouse.sqlite",
            data / "published.sqlite",
            data / "partnership.json",
        ],
        folders=[data / "archive", current],
        words=[
            *(
                f"{name}:{stamp}"
                for name, stamp in sorted(Landing(settings.landing_dir, settings.link_folders).fingerprint().items())
            ),
            str(as_of),
            str(current.readlink() if current.is_symlink() else ""),
            register.content_hash,
            settings.url,
            " ".join(settings.alert_addresses),
            settings.pseudonym_key.get_secret_value(),
            f"pulled at {time.time_ns()}" if pulled else "",
        ],
    )


def _refresh(settings: Settings) -> int:
    """A whole refresh, with its words."""
    from pipelines.workspace import dagster_environment, one_at_a_time, open_workspace

    workspace = open_workspace(settings)
    if not settings.landing_dir.is_dir():
        _fail(
            f"landing folder {settings.landing_dir.name} is missing: make it and put deliveries in, or name it with --landing"
        )
    with one_at_a_time(settings.data) as killed:
        fingerprint.forget_note(settings.data)
        dagster_environment(settings.data, settings.dagster_url.get_secret_value())
        import dagster as dg

        from pipelines.definitions import build_definitions
        from pipelines.refresh import refresh as run
        from pipelines.watch import tell_killed, tell_stopped

        tell_killed(workspace, killed)
        try:
            with dg.DagsterInstance.get() as instance:
                done = run(workspace, build_definitions(workspace), instance, typer.echo)
        except Exception as error:
            tell_stopped(workspace, line_of(error))
            raise
        unsent = workspace.notifier.waiting()
        workspace.warehouse.close()
        code, message = _tell(settings, done)
        # What is unsent is tried again with the next refresh, even where that finds nothing new.
        if not done.failures and not unsent and settings.warehouse_url is None:
            fingerprint.write_note(settings.data, fingerprint.Note(_fingerprint(settings), code, message))
    return code


def _tell(settings: Settings, done: Refreshed) -> tuple[int, str]:
    """Say what came of a refresh; give back exit code and the line that a later no-op repeats."""
    refused = [refusal for found in done.taken.values() for refusal in found.refused]
    for source, found in done.taken.items():
        for note in found.notes:
            typer.echo(f"note: {note}")
        if found.accepted:
            typer.echo(f"{source}: {len(found.accepted)} deliveries taken in.")
    for refusal in refused:
        typer.echo(f"refused: {refusal.message}", err=True)
    for failure in done.failures:
        typer.echo(f"failed: {failure}", err=True)
    released = done.released
    for name, (state, reasons) in released.states.items():
        typer.echo(f"{name} {state.replace('_', ' ')}{': ' + ' '.join(reasons) if reasons else ''}")
    folder = settings.data / "releases" / "current" / "index.html"
    typer.echo(f"{'New release' if released.new else 'Unchanged: release'} {released.release.id}: open {folder}")
    message = f"Release {released.release.id} stands: open {folder}"
    if released.held:
        return HELD, f"{message}\nHeld: {', '.join(released.held)}."
    if refused:
        return FAILED, f"{message}\n{len(refused)} deliveries in landing were refused; see status."
    return (FAILED if done.failures else 0), message
