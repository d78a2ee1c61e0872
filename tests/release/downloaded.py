"""One invented release of every measure, decided once a process: what the tests of its files to take away share."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from assets.release import folder
from assets.release.compose import decide
from assets.release.folder import Released, csv_bytes, release_id
from assets.release.manifest import manifest
from assets.release.shown import release_view
from assets.release.view import ReleaseView
from tests.release import computed


@cache
def _everything() -> tuple[ReleaseView, pd.DataFrame, dict[str, Any]]:
    made = computed.pipeline(Path(tempfile.gettempdir()))
    base = computed.known(made)
    decided = decide(made, base)
    figures = pd.concat([d.figures for d in decided if len(d.figures)], ignore_index=True)
    said = manifest(
        made, base, decided, parent=None, months={}, figures_sha256=hashlib.sha256(csv_bytes(figures)).hexdigest()
    )
    said["id"] = release_id(said)
    return release_view(made, base, decided, said), figures, said


def everything() -> tuple[ReleaseView, pd.DataFrame]:
    """The release as its pages show it, and its published rows."""
    view, figures, _ = _everything()
    return view, figures


def written(releases: Path, changed: str = "") -> Released:
    """One in ten of its figures as a release in a folder, without pages; another `changed` makes another release of it."""
    _, figures, said = _everything()
    data = csv_bytes(figures.iloc[::10])
    said = {**said, "months": {"changed": [changed]}, "figures_sha256": hashlib.sha256(data).hexdigest()}
    return folder.write_release(releases, {**said, "id": release_id(said)}, {folder.FIGURES: data})


def with_figures(view: ReleaseView, measure: str, **changed: Any) -> ReleaseView:
    """The release with fields of every row of a measure changed."""
    measures = tuple(replace(m, figures=m.figures.assign(**changed)) if m.id == measure else m for m in view.measures)
    return replace(view, measures=measures)
