"""Clean stage of police_incident: one row is one incident of the area, of anti-social behaviour or non-crime hate (spec 3.3).

The rules: incidents of another area are out of scope; a hate incident names a strand, else it is set aside. Incidents are no
crimes: they never enter a count of crime (spec 0.2).
"""

from __future__ import annotations

import pandas as pd

from assets.clean.cleaned import Cleaned, Known
from assets.clean.partner import clean_asset
from assets.clean.rules import sort_out
from expectations.contracts.police_incident import CLEAN


def clean(rows: pd.DataFrame, known: Known) -> Cleaned:
    """Incidents of the area."""
    faults = {"hate_without_strand": (rows["category"] == "hate") & (rows["strands"] == "")}
    sorting = sort_out(rows, faults, rows["csp_code"] != known.area_code)
    return sorting.cleaned(CLEAN, sorting.kept.assign(opened_date=sorting.kept["period_date"]))


clean_police_incident = clean_asset("police_incident", clean)
