"""The published figures as files to take away: workbook, CSV metadata, Parquet. Pure.

Here: what they say of the release as a whole, in the same words. Each file's own form: `workbook.py`, `csvw.py`, `parquet.py`; the CSV
itself: `folder.py`.
"""

from __future__ import annotations

import pandas as pd

from assets.release import csvw, words
from assets.release.parquet import parquet_bytes
from assets.release.view import ReleaseView
from assets.release.workbook import workbook_bytes

WORKBOOK, PARQUET = "outcomes.xlsx", "outcomes.parquet"
#: What is said of a release that nobody has approved; an edition says who did.
DRAFT = "Draft: this release has not been approved as an edition. Figures may still change."


def downloads(view: ReleaseView, figures: pd.DataFrame, standing: str = DRAFT) -> dict[str, bytes]:
    """Bytes of each file by its name in the release folder.

    Args:
        view: the release as its pages show it.
        figures: the published rows of all measures, as in `outcomes.csv`.
        standing: a sentence that says whether the release was approved, and by whom.
    """
    said = about(view, standing)
    return {
        WORKBOOK: workbook_bytes(view, standing),
        csvw.NAME: csvw.metadata_bytes(said),
        PARQUET: parquet_bytes(figures, said),
    }


def about(view: ReleaseView, standing: str = DRAFT) -> dict[str, str]:
    """The release in a few words, as the metadata of its files says it."""
    sentences = (
        words.SYNTHETIC if view.synthetic else "",
        "One row for each figure: part of a measure, breakdown, area and period.",
        "A figure that is not there is empty, and its symbols say why.",
        "An apostrophe before a text that begins with = + - or @ keeps spreadsheets from taking it for a formula.",
        f"Data as at {words.day(view.as_at)}, evaluated as of {words.day(view.as_of)}.",
        standing,
        *view.notes,
    )
    return {
        "title": f"{view.partnership}: performance measures",
        "description": " ".join(sentence for sentence in sentences if sentence),
        "publisher": view.partnership,
        "licence": view.licence,
        "release": view.release_id,
        "as_of": view.as_of.isoformat(),
    }
