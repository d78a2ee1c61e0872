"""Clean stage of police_crime: one row is one crime of the area by its newest status (spec 3.3, 2.1, 2.2, SP02, SP04c, SP10).

The rules:
  1. A crime of another area (`csp_code`) is out of scope. A cancelled or transferred one stays, with its status: it leaves its
     original month, which is for the measures to heed (spec 0.2).
  2. The offence code must be in the register's table on the day recorded; else the row is set aside.
  3. occurred from ≤ occurred to ≤ recorded, blanks passed over; else the row is set aside. A moment of 00:00 is a day without
     a time, and in the hour that the clocks repeat in October no order can be told. A change of status is not before the
     record, and has a date.
  4. A hate crime names a strand. Strands without the flag stay as sent: a check tells of them.
  5. Night-time economy window by the London start of the occurrence: Friday 20:00 to Saturday 05:59 and Saturday 20:00 to
     Sunday 05:59; without a start it is unknown.
  6. Groups of acquisitive crime and violence, sexual offences and aggravated codes by the register's tables on the day recorded.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from assets.clean.cleaned import Cleaned, Known
from assets.clean.partner import clean_asset
from assets.clean.rules import meaning_on, sort_out, yes_no
from expectations.contracts.police_crime import CLEAN

_FRIDAY, _SATURDAY, _SUNDAY = 4, 5, 6
_EVENING, _MORNING = 20, 6


def clean(rows: pd.DataFrame, known: Known) -> Cleaned:
    """Crimes of the area, each with its groups on the day recorded."""
    here = rows["csp_code"] == known.area_code
    changed = rows["status"] != "recorded"
    sac_group = meaning_on(rows["ho_code"], rows["period_date"], known.offence_codes)
    faults = {
        "value_ho_code": sac_group.isna(),
        "blank_status_date": changed & rows["status_date"].isna(),
        "dates_out_of_order": _later(rows["occurred_from"], rows["occurred_to"])
        | _later(rows["occurred_from"], rows["recorded_at"])
        | _later(rows["occurred_to"], rows["recorded_at"])
        | (rows["status_date"] < rows["period_date"]),
        "hate_without_strand": (rows["hate_flag"] == "Y") & (rows["hate_strands"] == ""),
    }
    sorting = sort_out(rows, faults, ~here)
    kept = sorting.kept
    codes, recorded = kept["ho_code"], kept["period_date"]
    aggravated = meaning_on(codes, recorded, known.aggravated_codes).notna()
    made = kept.assign(
        recorded_date=recorded,
        sac_group=sac_group.reindex(kept.index),
        violence_group=meaning_on(codes, recorded, known.violence_codes).fillna(""),
        sexual_offence=yes_no(meaning_on(codes, recorded, known.sexual_codes).notna()),
        aggravated_hate=pd.Series(np.where(aggravated, "race_religion", ""), index=kept.index, dtype="str"),
        ente_window=ente_window(kept["occurred_from"]),
    )
    return sorting.cleaned(CLEAN, made)


def ente_window(start: pd.Series) -> pd.Series:
    """in, out or unknown: whether an occurrence began in the night-time economy hours, by local time (rule 5)."""
    day, hour = start.dt.dayofweek, start.dt.hour
    evening = day.isin([_FRIDAY, _SATURDAY]) & (hour >= _EVENING)
    morning = day.isin([_SATURDAY, _SUNDAY]) & (hour < _MORNING)
    found = pd.Series(np.where(evening | morning, "in", "out"), index=start.index, dtype="str")
    return found.mask(start.isna(), "unknown")


def _later(first: pd.Series, second: pd.Series) -> pd.Series:
    """Whether the first moment is surely after the second (rule 3); a blank is not."""
    after = first > second
    # All but a few rows are in order: only those that look wrong are looked at closely.
    one, two = first[after], second[after]
    without_time = (one == one.dt.normalize()) | (two == two.dt.normalize())
    same_day = one.dt.normalize() == two.dt.normalize()
    repeated_hour = (one.dt.month == 10) & (one.dt.dayofweek == _SUNDAY) & (one.dt.day > 24) & (one.dt.hour == 1)
    excused = same_day & (without_time | (repeated_hour & (two.dt.hour == 1)))
    after.loc[excused.index[excused]] = False
    return after


clean_police_crime = clean_asset("police_crime", clean)
