"""What is known of recorded crime from the force's restricted extract: offences of the city by month (spec 3.3, 0.2).

Shared by the measures made from it (SP02, SP08, SP10). Here: which crimes count, and their number in every period beside the
residents. Not here: which of them a measure counts, open police data and residents (`street.py`).
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from assets.outcomes import street
from assets.outcomes.series import Coverage
from assets.outcomes.street import Known
from assets.outcomes.tidy import Setting
from methods.periods import Period


def recorded(crimes: pd.DataFrame) -> pd.DataFrame:
    """Crimes that still stand: a cancelled or transferred one leaves its month of record (spec 0.2)."""
    return crimes[crimes["status"] == "recorded"]


def known_crimes(
    crimes: pd.DataFrame,
    parts: Mapping[str, pd.Series],
    cover: Coverage,
    people: pd.DataFrame,
    setting: Setting,
) -> dict[Period, Known]:
    """What is known of every period of the series.

    Args:
        crimes: the crimes to count.
        parts: for each label, which of them have it.
        cover: which months are complete.
        people: residents (or households) by mid-year (index) and area (columns).
        setting: what to do when no estimate as old as the period is held.
    """
    counts = pd.DataFrame(dict(parts), index=crimes.index).groupby(crimes["month"]).sum()
    return street.known_periods(counts, cover, people, setting.population_fallback)
