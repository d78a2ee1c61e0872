"""Clean stage of asb_star: one row is one domain of one Star reading by one scorer (spec 3.6, SP06).

The rules:
  1. Work and learning is not in the Board's list of domains: out of scope.
  2. A Star has 5 or 10 points, and a score is one of them from 1 on; 0 is no score. Else the row is set aside.
  3. A domain that does not apply has no score; with one the row contradicts itself and is set aside.
"""

from __future__ import annotations

import pandas as pd

from assets.clean.cleaned import Cleaned, Known
from assets.clean.partner import clean_asset
from assets.clean.rules import sort_out
from expectations.contracts.asb_star import CLEAN

_SCALES = (5, 10)


def clean(rows: pd.DataFrame, known: Known) -> Cleaned:  # noqa: ARG001 - one form for all sources
    """Scores of the domains that the Board named."""
    score, highest = rows["score"], rows["scale_max"]
    outside = (score < 1) | (score > highest)
    faults = {
        "value_scale_max": ~highest.isin(_SCALES),
        "score_out_of_range": outside.fillna(False).astype(bool),
        "score_not_applicable": (rows["not_applicable"] == "Y") & score.notna(),
    }
    sorting = sort_out(rows, faults, rows["domain"] == "work_learning")
    return sorting.cleaned(CLEAN, sorting.kept)


clean_asb_star = clean_asset("asb_star", clean)
