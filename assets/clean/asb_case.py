"""Clean stage of asb_case: one row is one case referred to the Victim Champion (spec 3.6, SP05).

The rules:
  1. A case assessed as out of area is out of scope; one without an outcome is pending.
  2. referral ≤ assessed ≤ consent ≤ first contact and support plan ≤ exit, blanks passed over; else the row is set aside.
  3. Engaged (provisional wording, SP05b): consent given, a two-way contact on that day or up to 28 days later, and a support
     plan opened. The service's own flag stands beside it and decides nothing.
"""

from __future__ import annotations

import pandas as pd

from assets.clean.cleaned import Cleaned, Known
from assets.clean.partner import clean_asset
from assets.clean.rules import days, out_of_order, sort_out, yes_no
from expectations.contracts.asb_case import CLEAN


def clean(rows: pd.DataFrame, known: Known) -> Cleaned:
    """Cases of the area, each told engaged or not."""
    disordered = out_of_order(
        rows["referral_date"],
        rows["assessed_date"],
        rows["consent_date"],
        [rows["first_contact_date"], rows["support_plan_date"]],
        rows["exit_date"],
    )
    sorting = sort_out(rows, {"dates_out_of_order": disordered}, rows["outcome"] == "out_of_area")
    kept = sorting.kept
    made = kept.assign(
        outcome=kept["outcome"].fillna("pending"),
        assessed_month=kept["assessed_date"].str[:7],
        exit_month=kept["exit_date"].str[:7],
        engaged=engaged(kept, known.engaged_days),
    )
    return sorting.cleaned(CLEAN, made)


def engaged(rows: pd.DataFrame, limit: int) -> pd.Series:
    """Y or N: consent, a contact within the limit of days after it, and a support plan (rule 3)."""
    after = (days(rows["first_contact_date"]) - days(rows["consent_date"])).dt.days
    return yes_no(after.between(0, limit) & rows["support_plan_date"].notna())


clean_asb_case = clean_asset("asb_case", clean)
