"""Clean stage of crc_licence: one row is one licence, of the whole probation area (spec 3.7, SP09).

The rules:
  1. A licence ends on or after its start and is no longer than 274 days; else it is set aside. Without an end it is open.
  2. Eligible for the cohort: first offence on or after 1 February 2015, 18 or over at the half-way point, a sentence of more
     than 1 day and less than 12 months by the calendar, supervised by the company. The sender's flag stands beside it and
     decides nothing.
  3. The city's own licences are those of the register's local area.
  4. Of the age only its band is kept.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from assets.clean.cleaned import Cleaned, Known
from assets.clean.partner import clean_asset
from assets.clean.rules import days, out_of_order, sort_out, yes_no
from expectations.contracts.crc_licence import CLEAN
from expectations.contracts.model import AGE_BANDS
from methods.cohort import eligible_length

#: First day of an offence under the Offender Rehabilitation Act (spec SP09, legal frame).
_OFFENCE_FROM = "2015-02-01"
_ADULT = 18
_BANDS_FROM = [int(band.split("-")[0].rstrip("+")) for band in AGE_BANDS]
#: Half of under 12 months is at most 183 days; home detention curfew can bring release forward (spec SP09).
LONGEST_DAYS = 274


def clean(rows: pd.DataFrame, known: Known) -> Cleaned:
    """Licences, each told eligible or not and in the city or not."""
    length = (days(rows["licence_end"]) - days(rows["licence_start"])).dt.days
    faults = {
        "dates_out_of_order": out_of_order(rows["licence_start"], rows["licence_end"]),
        "licence_too_long": length > LONGEST_DAYS,
    }
    sorting = sort_out(rows, faults)
    kept = sorting.kept
    made = kept.assign(
        in_city=yes_no(kept["local_area"] == known.local_area),
        length_days=length.reindex(kept.index).astype("Int64"),
        age_band=age_band(kept["age_at_halfway"]),
        eligible=eligible(kept),
    )
    return sorting.cleaned(CLEAN, made)


def eligible(rows: pd.DataFrame) -> pd.Series:
    """Y or N: whether a licence belongs to the cohort (rule 2)."""
    sentences = zip(days(rows["sentence_date"]).dt.date, rows["sentence_days"], strict=True)
    right_length = pd.Series([eligible_length(day, length) for day, length in sentences], index=rows.index, dtype=bool)
    return yes_no(
        right_length
        & (rows["offence_date_earliest"] >= _OFFENCE_FROM)
        & (rows["age_at_halfway"] >= _ADULT)
        & (rows["provider"] == "crc")
    )


def age_band(ages: pd.Series) -> pd.Series:
    """The age band of each age in years."""
    place = np.searchsorted(_BANDS_FROM, ages.to_numpy(dtype="int64"), side="right") - 1
    return pd.Series(np.array(AGE_BANDS)[place], index=ages.index, dtype="str")


clean_crc_licence = clean_asset("crc_licence", clean)
