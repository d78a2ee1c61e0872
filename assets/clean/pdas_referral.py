"""Clean stage of pdas_referral: one row is one referral of an adult victim who lives in the city (spec 3.4, SP04).

The rules:
  1. Children, perpetrators and people from elsewhere are out of scope. An adult victim is 16 or over: a younger age band
     contradicts the row, which is set aside.
  2. received ≤ opened ≤ closed, blanks passed over; else the row is set aside.
  3. Rows of one client, day and source are one referral: the smallest referral key stays. Blank clients are never the same.
  4. A referral is on an open case if the client has an earlier-received referral whose case is open on its day: from the day
     opened (else received) to the day closed, both included, if either date is there. It counts apart, and never as first.
  5. A counted referral is first-time if none of its client came in the look-back: on or after the same day 24 months before
     (29 February: the last day of February) and before its own day. Those on an open case count among the earlier ones. Of
     several on one day each is first or none is. Without a client it is unknown.
  6. Risk: a level below the band of its score is an error; one above it without professional judgement a warning.
  7. Support counts within 28 days of receipt; a score within 5 working days after it, or before it. Accepted without a
     day, or before receipt, is unknown.
  8. Numbers of a household that the service does not know are blank: they count nobody.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from assets.clean.cleaned import Cleaned, Known
from assets.clean.partner import clean_asset
from assets.clean.rules import days, months_later, out_of_order, sort_out, yes_no
from expectations.contracts.pdas_referral import CLEAN, VICTIM_BANDS
from methods.working_days import add_working_days

_SAME = ["client_key", "received_date", "source_agency"]
#: Least score of the bands medium and high (spec SP04e).
_MEDIUM_FROM, _HIGH_FROM = 10, 14
_RANK = {"standard": 1, "medium": 2, "high": 3}


def clean(rows: pd.DataFrame, known: Known) -> Cleaned:
    """Referrals of adult victims in the city, each told counted or on an open case, first-time or not."""
    elsewhere = (rows["subject_type"] != "adult_victim") | (rows["area_in_city"] == "N")
    faults = {
        "age_of_adult_victim": rows["age_band"].notna() & ~rows["age_band"].isin(VICTIM_BANDS),
        "dates_out_of_order": out_of_order(rows["received_date"], rows["case_opened"], rows["case_closed"]),
    }
    sorting = sort_out(rows, faults, elsewhere)
    ordered = sorting.kept.sort_values("referral_key")
    repeated = ordered["client_key"].notna() & ordered.duplicated(_SAME)
    kept = ordered[~repeated]
    open_case = on_open_case(kept)
    known_household = kept["household_known"] == "Y"
    made = kept.assign(
        counted=pd.Series(np.where(open_case, "on_open_case", "Y"), index=kept.index, dtype="str"),
        first_time=first_time(kept, known.lookback_months).mask(open_case, "N"),
        engaged_28=engaged_in_time(kept, known.engaged_days),
        dash_5=_score_in_time(kept, known),
        risk_level_faults=risk_level_faults(kept["dash_score"], kept["risk_level"], kept["professional_judgement"]),
        n_children_u18=kept["n_children_u18"].where(known_household),
        n_unborn=kept["n_unborn"].where(known_household),
    )
    return sorting.cleaned(CLEAN, made, ordered.index[repeated])


def on_open_case(rows: pd.DataFrame) -> pd.Series:
    """Which referrals came while the case of an earlier referral of their client was open (rule 4)."""
    mine = _with_client(rows)
    cases = mine[mine["case_opened"].notna() | mine["case_closed"].notna()]
    cases = cases.assign(
        start=days(cases["case_opened"]).fillna(cases["received"]),
        end=days(cases["case_closed"]).fillna(pd.Timestamp("9999-12-31")),
    )
    # Of all cases of the client that began before a day, the one that ends last decides.
    begun = cases.sort_values(["client_key", "start"])
    begun = begun.assign(end=begun.groupby("client_key")["end"].cummax())[["client_key", "start", "end"]]
    begun = begun.drop_duplicates(["client_key", "start"], keep="last").sort_values("start", kind="stable")
    asked = mine[["client_key", "received"]].reset_index(names="label").sort_values("received", kind="stable")
    before = pd.merge_asof(
        asked, begun, left_on="received", right_on="start", by="client_key", allow_exact_matches=False
    )
    # A case opened on the very day counts if its own referral was received earlier.
    waiting = cases.loc[cases["start"] > cases["received"], ["client_key", "start"]].drop_duplicates()
    today = asked.merge(waiting, left_on=["client_key", "received"], right_on=["client_key", "start"])
    inside = before.loc[before["end"] >= before["received"], "label"]
    return pd.Series(rows.index.isin([*inside, *today["label"]]), index=rows.index)


def first_time(rows: pd.DataFrame, lookback_months: int) -> pd.Series:
    """Y, N or unknown: whether no referral of the client came in the look-back before it (rule 5)."""
    mine = _with_client(rows)
    dates = mine[["client_key", "received"]].drop_duplicates().sort_values(["client_key", "received"])
    dates["earlier"] = dates.groupby("client_key")["received"].shift()
    earlier = mine.merge(dates, on=["client_key", "received"], how="left").set_axis(mine.index)["earlier"]
    again = earlier >= months_later(mine["received"], -lookback_months)
    return yes_no(~again).reindex(rows.index).fillna("unknown")


def engaged_in_time(rows: pd.DataFrame, limit: int) -> pd.Series:
    """Y, N or unknown: whether support was accepted within the limit of days after receipt (rule 7)."""
    after = (days(rows["engaged_date"]) - days(rows["received_date"])).dt.days
    found = pd.Series("unknown", index=rows.index, dtype="str").mask(rows["engaged"] == "N", "N")
    accepted = rows["engaged"] == "Y"
    return found.mask(accepted & after.between(0, limit), "Y").mask(accepted & (after > limit), "N")


def risk_level_faults(score: pd.Series, level: pd.Series, judgement: pd.Series) -> pd.Series:
    """Error, warn or empty: whether the level agrees with the score, where both are there (rule 6, golden SP04-c).

    Judgement can only raise a level, so one below its score is never explained.
    """
    stated = level.map(_RANK).astype("float64")
    number = score.astype("float64")
    band = 1.0 + (number >= _MEDIUM_FROM) + (number >= _HIGH_FROM)
    both = stated.notna() & number.notna()
    found = pd.Series("", index=score.index, dtype="str")
    found = found.mask(both & (stated > band) & (judgement != "Y"), "warn")
    return found.mask(both & (stated < band), "error")


def _score_in_time(rows: pd.DataFrame, known: Known) -> pd.Series:
    """Whether a DASH score was there by the last working day that is on time (rule 7)."""
    received = rows["received_date"]
    last = {
        day: add_working_days(date.fromisoformat(day), known.dash_working_days, known.holidays).isoformat()
        for day in received.unique()
    }
    return yes_no(rows["dash_score"].notna() & (rows["dash_done_date"] <= received.map(last)))


def _with_client(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["client_key"].notna()].assign(received=lambda f: days(f["received_date"]))


clean_pdas_referral = clean_asset("pdas_referral", clean)
