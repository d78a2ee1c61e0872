"""Clean stage of dash_training: one row is one person at one training event (spec 3.5, SP03).

The rules:
  1. Every delivered event lies in the past, as the delivery's coverage ends with it or later: an attendance left blank or at
     `booked` is not coded, and the row is set aside.
  2. A confidence score at three months counts if it was given 60 to 120 days after the event, both included.
  3. An agency that the register does not list stays, marked unknown.
"""

from __future__ import annotations

import pandas as pd

from assets.clean.cleaned import Cleaned, Known
from assets.clean.partner import clean_asset
from assets.clean.rules import days, sort_out, yes_no
from expectations.contracts.dash_training import CLEAN

#: Days after the event within which a score counts as one at three months (spec SP03c).
_FROM, _TO = 60, 120


def clean(rows: pd.DataFrame, known: Known) -> Cleaned:
    """Attendances of past events, with what makes them count."""
    uncoded = rows["attendance"].isna() | (rows["attendance"] == "booked")
    sorting = sort_out(rows, {"attendance_not_coded": uncoded})
    kept = sorting.kept
    after = (days(kept["conf_3m_date"]) - days(kept["event_date"])).dt.days
    made = kept.assign(
        agency_known=yes_no(kept["agency"].isin(known.agencies)),
        conf_3m_in_window=yes_no(kept["conf_3m"].notna() & after.between(_FROM, _TO)),
    )
    return sorting.cleaned(CLEAN, made)


clean_dash_training = clean_asset("dash_training", clean)
