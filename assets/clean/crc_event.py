"""Clean stage of crc_event: one row is one event on one licence (spec 3.7, SP09).

The rule: what an event does to its cohort (failing, not failing, excluding, none) is the register's list of licence events,
since the position statement may change it. Whether it lies within its licence is for the checks and the measure.
"""

from __future__ import annotations

import pandas as pd

from assets.clean.cleaned import Cleaned, Known
from assets.clean.partner import clean_asset
from assets.clean.rules import sort_out
from expectations.contracts.crc_event import CLEAN


def clean(rows: pd.DataFrame, known: Known) -> Cleaned:
    """Events with their effect."""
    sorting = sort_out(rows)
    effect = sorting.kept["event_type"].map(dict(known.licence_effects)).fillna("none")
    return sorting.cleaned(CLEAN, sorting.kept.assign(effect=effect))


clean_crc_event = clean_asset("crc_event", clean)
