"""The command line. Here: commands, their options and exit codes. Not here: what is answered (`commands/`), any work.

Exit codes: 0 done; 3 a measure is held; 1 an error or a refused delivery; 2 a wrong option. Dagster, SQLAlchemy and pandas are
imported only where a command needs them, so that a refresh with nothing new answers at once. Every command takes `--json`.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands import deployed, running
from pipelines.commands.answer import FAILED, CommandError, answering, wrong_option
from pipelines.commands.options import (
    AsOf,
    By,
    Data,
    Json,
    LandingDir,
    Partnership,
    Reason,
    ReleaseId,
    Source,
    opened,
    settings,
)
from pipelines.settings import keep_to_ourselves

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Safer Outcomes: from delivered files to a gated release of a partnership's performance measures.",
)


def main() -> None:
    """Run the command line; an error that a reader can act on is one line and never a traceback."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    keep_to_ourselves()
    words = sys.argv[1:]
    try:
        if "--json" not in words:
            app()
        else:
            sys.exit(_as_json(words))
    except BrokenPipeError:
        sys.exit(FAILED)


def _as_json(words: list[str]) -> int:
    """The exit code; a command line that cannot be understood is answered in JSON too."""
    try:
        return int(app(standalone_mode=False) or 0)
    except typer.Abort:
        wrong_option(words, "stopped", FAILED)
        return FAILED
    except typer.TyperException as error:
        code = int(getattr(error, "exit_code", 2))
        wrong_option(words, str(getattr(error, "format_message", error.__str__)()), code)
        return code


@app.command()
def refresh(
    landing: LandingDir = None,
    partnership: Partnership = None,
    data: Data = None,
    as_of: AsOf = None,
    as_json: Json = False,
) -> None:
    """Take in deliveries, run what is out of date, release what the gate lets out."""
    with answering("refresh", as_json) as answer:
        running.refresh(answer, settings(landing, partnership, data, as_of))


@app.command()
def status(
    landing: LandingDir = None,
    partnership: Partnership = None,
    data: Data = None,
    as_of: AsOf = None,
    full: Annotated[bool, typer.Option("--full", help="Reasons of every measure, owners, every unsent alert.")] = False,
    as_json: Json = False,
) -> None:
    """Deliveries, lateness, gate verdict of each measure, last release."""
    with answering("status", as_json) as answer:
        from pipelines.commands import state

        state.status(answer, opened(landing, partnership, data, as_of), full=full)


@app.command()
def doctor(
    landing: LandingDir = None, partnership: Partnership = None, data: Data = None, as_json: Json = False
) -> None:
    """Is everything set up as it must be? Says the remedy for each fault; nothing is changed."""
    with answering("doctor", as_json) as answer:
        from pipelines.commands import doctor as check

        check.doctor(answer, settings(landing, partnership, data))


@app.command()
def verify(
    release: Annotated[str, typer.Argument(help="Id of the release.", show_default="the current one")] = "current",
    data: Data = None,
    partnership: Partnership = None,
    as_json: Json = False,
) -> None:
    """Prove a release: files, manifest, archived deliveries, evidence, the releases around it, editions and the log."""
    with answering("verify", as_json) as answer:
        from pipelines.commands import releases

        releases.verify(answer, opened(None, partnership, data), release)


@app.command()
def approve(
    release: ReleaseId,
    by: By,
    reason: Reason,
    data: Data = None,
    partnership: Partnership = None,
    as_json: Json = False,
) -> None:
    """Make a draft release an edition, for the public."""
    with answering("approve", as_json) as answer:
        from pipelines.commands import releases

        releases.approve(answer, opened(None, partnership, data), release, by, reason)


@app.command()
def retract(
    edition: ReleaseId,
    by: By,
    reason: Reason,
    data: Data = None,
    partnership: Partnership = None,
    as_json: Json = False,
) -> None:
    """Mark an edition as retracted; it stays visible and says so."""
    with answering("retract", as_json) as answer:
        from pipelines.commands import releases

        releases.retract(answer, opened(None, partnership, data), edition, by, reason)


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
    as_json: Json = False,
) -> None:
    """From a published figure back to its checks, table versions and delivered files."""
    with answering("explain", as_json) as answer:
        if period and not re.fullmatch(r"\d{4}-\d{2}(Q[1-4])?", period):
            raise CommandError(
                "--period is not a month (2016-09), quarter (2016-17Q2) or financial year (2016-17): write it like one"
            )
        from assets.release.explained import Asked
        from pipelines.commands import releases

        workspace = opened(None, partnership, data)
        releases.explained(answer, workspace, measure.upper(), Asked(period, part, breakdown))


@app.command()
def sample(
    out: Annotated[Path, typer.Option(help="Folder to write the deliveries to.")],
    seed: Annotated[int, typer.Option(help="Another seed makes another city's numbers.")] = 7,
    months: Annotated[int, typer.Option(help="Months from April 2013.")] = 36,
    scale: Annotated[float, typer.Option(help="Share of the usual number of rows and residents.")] = 1.0,
    faults: Annotated[str, typer.Option(help="Names of faults to plant, separated by commas; 'list' shows them.")] = "",
    as_json: Json = False,
) -> None:
    """Synthetic deliveries for a fictional city, with planted faults by name."""
    with answering("sample", as_json) as answer:
        from pipelines.commands import making

        making.sample(answer, out, seed=seed, months=months, scale=scale, faults=faults)


@app.command()
def template(
    source: Source,
    out: Annotated[Path, typer.Option(help="Folder to write the two files to.")] = Path(),
    partnership: Partnership = None,
    as_json: Json = False,
) -> None:
    """A blank delivery of a source to fill in, as a workbook that explains each column and as CSV."""
    with answering("template", as_json) as answer:
        from pipelines.commands import making

        making.template(answer, settings(partnership=partnership), source, out)


@app.command()
def rejects(source: Source, data: Data = None, partnership: Partnership = None, as_json: Json = False) -> None:
    """Rows of a source that were set aside: file, row and reason, for its owner; never what a row says."""
    with answering("rejects", as_json) as answer:
        from pipelines.commands import state

        state.rejects(answer, opened(None, partnership, data), source)


@app.command()
def rekey(
    by: Annotated[str, typer.Option(help="Who asks for it.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    landing: LandingDir = None,
    partnership: Partnership = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Move the whole history from SAFER_PSEUDONYM_KEY to SAFER_PSEUDONYM_KEY_NEW, and refresh with the new key."""
    with answering("rekey", as_json) as answer:
        running.rekey(answer, settings(landing, partnership, data), by, reason)


@app.command()
def purge(
    do: Annotated[bool, typer.Option("--do", help="Remove; otherwise only say what would be removed.")] = False,
    counting: Annotated[
        bool,
        typer.Option(
            "--counting",
            help="Also deliveries past their time that count; their tables stay, and cannot be made anew"
            " before the source delivers again.",
        ),
    ] = False,
    cache: Annotated[bool, typer.Option("--cache", help="Also the cache of the street files.")] = False,
    by: Annotated[str, typer.Option(help="Who asks for it; needed with --do.")] = "",
    reason: Annotated[str, typer.Option(help="Why; needed with --do.")] = "",
    landing: LandingDir = None,
    partnership: Partnership = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Remove what is past its retention: archived bytes (receipt and hash stay), orphaned analysis folders, caches."""
    with answering("purge", as_json) as answer:
        workspace = opened(landing, partnership, data)
        running.purge(answer, workspace, do=do, counting=counting, cache=cache, by=by, reason=reason)


for _command in (deployed.backup, deployed.restore, deployed.grants, deployed.health, deployed.prune):
    app.command()(_command)


if __name__ == "__main__":
    main()
