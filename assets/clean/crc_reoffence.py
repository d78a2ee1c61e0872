"""Clean stage of crc_reoffence: one row is one offence of a released person with its outcome (spec 3.7, SP09).

The rules:
  1. An outcome is not before its offence; else the row is set aside.
  2. Proven: committed on or after the index date and within 12 months of it, convicted or cautioned within that time or a
     further 6 months, and more than a breach. The last day of 12 and of 18 months counts.
"""

from __future__ import annotations

import pandas as pd

from assets.clean.cleaned import Cleaned, Known
from assets.clean.partner import clean_asset
from assets.clean.rules import days, months_later, out_of_order, sort_out, yes_no
from expectations.contracts.crc_reoffence import CLEAN

_FOLLOWED_MONTHS, _WAITING_MONTHS = 12, 6


def clean(rows: pd.DataFrame, known: Known) -> Cleaned:  # noqa: ARG001 - one form for all sources
    """Offences, each told proven or not."""
    sorting = sort_out(rows, {"dates_out_of_order": out_of_order(rows["offence_date"], rows["outcome_date"])})
    return sorting.cleaned(CLEAN, sorting.kept.assign(proven=proven(sorting.kept)))


def proven(rows: pd.DataFrame) -> pd.Series:
    """Y or N: whether an offence is a proven reoffence (rule 2)."""
    index, offence, outcome = (days(rows[name]) for name in ("index_date", "offence_date", "outcome_date"))
    return yes_no(
        (offence >= index)
        & (offence <= months_later(index, _FOLLOWED_MONTHS))
        & (outcome <= months_later(index, _FOLLOWED_MONTHS + _WAITING_MONTHS))
        & (rows["breach_only"] == "N")
    )


clean_crc_reoffence = clean_asset("crc_reoffence", clean)
