"""What the Dagster UI shows of a release, and may ask of one: verdicts and charts exactly as published, an evaluation date.

Here: metadata made from the release folder alone, so that nothing can be seen in the UI that the release does not show.
Not here: any decision.
"""

import base64
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import dagster as dg
from pydantic import Field

from assets.release.folder import FIGURES, Released
from assets.setup import Pipeline

#: The chart of a measure that is shown, by its end: the first that its page has.
_CHARTS = ("years", "rates", "process")


class ReleaseConfig(dg.Config):
    """What a person may ask of a release, in the Launchpad of the UI."""

    as_of: str = Field(
        default="",
        description="Date of evaluation (2016-04-30) for lateness, provisional labels, waivers and the decision in force;"
        " empty: the partnership's clock. Never more than it: what was not delivered by then still counts.",
    )


def evaluated(pipeline: Pipeline, config: ReleaseConfig) -> Pipeline:
    """The pipeline with the evaluation date that was asked for.

    Raises:
        dagster.Failure: it is no date.
    """
    if not config.as_of:
        return pipeline
    try:
        return replace(pipeline, as_of=date.fromisoformat(config.as_of))
    except ValueError:
        raise dg.Failure(
            "as_of is not a date: write it like 2016-04-30, or leave it empty", allow_retries=False
        ) from None


def metadata(
    release: Released, new: bool, states: Mapping[str, tuple[str, tuple[str, ...]]]
) -> dict[str, str | int | bool | dg.MetadataValue]:
    """Verdict of every measure with its reason, and the charts of the release's own pages.

    Args:
        release: the release that stands.
        new: whether it was made now.
        states: state and reasons of each measure, as decided now.
    """
    said = release.manifest["measures"]
    counts = release.figures()["measure"].value_counts()
    found = {
        name: (_cell(f"{name} {said[name]['name']}"), state.replace("_", " ")) for name, (state, _) in states.items()
    }
    short = [
        f"| {measure} | {state} | {said[name]['as_at'] or '[x]'} | {counts.get(name, 0)} |"
        for name, (measure, state) in found.items()
    ]
    full = [f"| {measure} | {state} | {_cell(' '.join(states[name][1]))} |" for name, (measure, state) in found.items()]
    return {
        "release": release.id,
        "new": new,
        "held": sum(state == "held" for state, _ in states.values()),
        # Short enough for the UI to show it at once; the reasons are behind a click.
        "verdicts": _table("measure | state | as at | figures", short),
        "reasons": _table("measure | state | why", full),
        "charts": dg.MetadataValue.md(_charts(release.folder, list(states))),
        "pages": dg.MetadataValue.path(str(release.folder / "index.html")),
        "open data": dg.MetadataValue.path(str(release.folder / FIGURES)),
    }


def _table(head: str, rows: list[str]) -> dg.MetadataValue:
    return dg.MetadataValue.md("\n".join([f"| {head} |", "|---" * (head.count("|") + 1) + "|", *rows]))


def _charts(folder: Path, measures: list[str]) -> str:
    """One chart a measure, as the page has it; a measure without one is passed over."""
    found = []
    for name in measures:
        paths = (folder / "charts" / f"{name.lower()}-{kind}.svg" for kind in _CHARTS)
        path = next((path for path in paths if path.exists()), None)
        if path:
            drawn = base64.b64encode(path.read_bytes()).decode("ascii")
            found.append(f"**{name}**\n\n![{name} as published](data:image/svg+xml;base64,{drawn})")
    return "\n\n".join(found) or "No chart: no measure has been published."


def _cell(text: str) -> str:
    """Text that stays in its cell."""
    return text.replace("|", "\\|").replace("\n", " ")
