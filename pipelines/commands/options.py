"""Options that commands share, and the data folder that they name. Light to import."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.settings import Settings, read_settings

if TYPE_CHECKING:
    from pipelines.workspace import Workspace

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
Source = Annotated[str, typer.Argument(help="Name of a source, such as pdas_referral.")]
Json = Annotated[bool, typer.Option("--json", help="Answer with one JSON document on standard output.")]


def settings(
    landing: Path | None = None,
    partnership: Path | None = None,
    data: Path | None = None,
    as_of: datetime | None = None,
) -> Settings:
    """Settings of the environment with a command's options on top."""
    return read_settings(landing=landing, partnership=partnership, data_dir=data, as_of=as_of.date() if as_of else None)


def opened(
    landing: Path | None = None,
    partnership: Path | None = None,
    data: Path | None = None,
    as_of: datetime | None = None,
) -> Workspace:
    """The data folder, with Dagster's records in it."""
    from pipelines.workspace import dagster_environment, open_workspace

    workspace = open_workspace(settings(landing, partnership, data, as_of))
    dagster_environment(workspace.settings.data, workspace.settings.dagster_url.get_secret_value())
    return workspace
