"""Clean stage of hate_report: one row is one report of hate to the council, a centre or the police (spec 3.8, SP10).

The rule: a report names a strand, else it is set aside. Which of several reports of one event counts is for the measure, by
the police reference; the neighbourhood is not kept (strand, place and month together may name a person: spec 6, 13).
"""

from __future__ import annotations

import pandas as pd

from assets.clean.cleaned import Cleaned, Known
from assets.clean.partner import clean_asset
from assets.clean.rules import sort_out
from expectations.contracts.hate_report import CLEAN


def clean(rows: pd.DataFrame, known: Known) -> Cleaned:  # noqa: ARG001 - one form for all sources
    """Reports with their strands."""
    sorting = sort_out(rows, {"strand_missing": rows["strands"] == ""})
    return sorting.cleaned(CLEAN, sorting.kept)


clean_hate_report = clean_asset("hate_report", clean)
