"""Clean stage of asb_survey: one row is one response at exit, which cannot be linked to a person or case (spec 3.6, SP07).

Nothing is left out: what is a valid answer and what only counts as a response is for the measure. Answers outside the list
were set aside with the types.
"""

from __future__ import annotations

import pandas as pd

from assets.clean.cleaned import Cleaned, Known
from assets.clean.partner import clean_asset
from assets.clean.rules import sort_out
from expectations.contracts.asb_survey import CLEAN


def clean(rows: pd.DataFrame, known: Known) -> Cleaned:  # noqa: ARG001 - one form for all sources
    """Responses, each in the quarter of exit."""
    sorting = sort_out(rows)
    return sorting.cleaned(CLEAN, sorting.kept.assign(quarter=sorting.kept["exit_quarter"]))


clean_asb_survey = clean_asset("asb_survey", clean)
