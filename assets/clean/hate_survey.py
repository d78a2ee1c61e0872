"""Clean stage of hate_survey: one row is one response of a victim of hate (spec 3.8, SP11).

The rule: the answer is one of its own scale, else the row is set aside: the council's scale has five points, without
"completely". Both keep "don't know", which the measure leaves out.
"""

from __future__ import annotations

import pandas as pd

from assets.clean.cleaned import Cleaned, Known
from assets.clean.partner import clean_asset
from assets.clean.rules import sort_out
from expectations.contracts.hate_survey import CLEAN, SCALES


def clean(rows: pd.DataFrame, known: Known) -> Cleaned:  # noqa: ARG001 - one form for all sources
    """Responses, each in its quarter and on its scale."""
    own = pd.Series(False, index=rows.index)
    for scale, answers in SCALES.items():
        own |= (rows["scale_id"] == scale) & rows["overall"].isin(answers)
    sorting = sort_out(rows, {"value_overall": ~own})
    return sorting.cleaned(CLEAN, sorting.kept.assign(quarter=sorting.kept["survey_quarter"]))


clean_hate_survey = clean_asset("hate_survey", clean)
